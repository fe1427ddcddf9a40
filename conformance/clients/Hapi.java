// SPDX-License-Identifier: Apache-2.0

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.client.api.IClientInterceptor;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.IHttpRequest;
import ca.uhn.fhir.rest.client.api.IHttpResponse;
import ca.uhn.fhir.rest.client.exceptions.FhirClientConnectionException;
import ca.uhn.fhir.rest.param.StringParam;
import ca.uhn.fhir.rest.server.exceptions.ResourceGoneException;
import ca.uhn.fhir.rest.server.exceptions.ResourceVersionConflictException;
import ca.uhn.fhir.rest.server.exceptions.PreconditionFailedException;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.hl7.fhir.r4.model.Basic;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CodeType;
import org.hl7.fhir.r4.model.BooleanType;
import org.hl7.fhir.r4.model.Parameters;
import org.hl7.fhir.r4.model.Patient;
import org.hl7.fhir.r4.model.Reference;
import org.hl7.fhir.r4.model.StringType;

/** HAPI's client against the data store at args[0], once in JSON and once in XML. */
public class Hapi {
  public static void main(String[] args) {
    FhirContext context = FhirContext.forR4();
    context.getRestfulClientFactory().setSocketTimeout(60_000);
    for (EncodingEnum encoding : new EncodingEnum[] {EncodingEnum.JSON, EncodingEnum.XML}) {
      IGenericClient client = context.newRestfulGenericClient(args[0]); // asks for the CapabilityStatement first
      client.setEncoding(encoding);
      new Hapi(context, client, "Hapi" + encoding + System.currentTimeMillis()).run();
      System.out.println("HAPI in " + encoding + ": done");
    }
  }

  private final FhirContext context;
  private final IGenericClient client;
  private final String family;

  private Hapi(FhirContext context, IGenericClient client, String family) {
    this.context = context;
    this.client = client;
    this.family = family;
  }

  private Patient patient(int n) {
    Patient p = new Patient();
    p.addName().setFamily(family).addGiven("n" + n);
    p.getText().setStatusAsString("generated");
    p.getText().setDivAsString("<div><p>" + family + " &amp; <b>co</b></p></div>");
    return p;
  }

  private void run() {
    MethodOutcome made = client.create().resource(patient(0)).prefer(PreferReturnEnum.REPRESENTATION).execute();
    String id = made.getId().getIdPart();
    same("created", true, made.getCreated());
    Patient read = client.read().resource(Patient.class).withId(id).execute();
    same("version", "1", read.getMeta().getVersionId());
    same("narrative", true, read.getText().getDivAsString().contains("<b>co</b>"));
    read.setActive(true);
    same("updated", "2", client.update().resource(read).execute().getId().getVersionIdPart());
    stale(read);
    patch(id);
    same("history", 3, client.history().onInstance("Patient/" + id).returnBundle(Bundle.class).execute().getEntry().size());
    transaction(id);
    search();
    conditional();
    export();
    client.delete().resourceById("Patient", id).execute();
    try {
      client.read().resource(Patient.class).withId(id).execute();
      throw new AssertionError("what was deleted is read");
    } catch (ResourceGoneException e) {
      same("outcome", true, e.getOperationOutcome() != null);
    }
  }

  private void stale(Patient read) {
    read.setId(read.getIdElement().withVersion("1"));
    try {
      client.update().resource(read).withAdditionalHeader("If-Match", "W/\"1\"").execute();
      throw new AssertionError("a stale update is stored");
    } catch (PreconditionFailedException | ResourceVersionConflictException e) {
      same("outcome", true, e.getOperationOutcome() != null);
    }
  }

  private void patch(String id) {
    Parameters ops = new Parameters();
    Parameters.ParametersParameterComponent op = ops.addParameter().setName("operation");
    op.addPart().setName("type").setValue(new CodeType("replace"));
    op.addPart().setName("path").setValue(new StringType("Patient.active"));
    op.addPart().setName("value").setValue(new BooleanType(false));
    Patient patched = (Patient) client.patch().withFhirPatch(ops).withId("Patient/" + id)
        .prefer(PreferReturnEnum.REPRESENTATION).execute().getResource();
    same("patched", false, patched.getActive());
  }

  private void transaction(String id) {
    Bundle bundle = new Bundle().setType(Bundle.BundleType.TRANSACTION);
    for (int n = 1; n < 25; n++) {
      bundle.addEntry().setFullUrl("urn:uuid:00000000-0000-4000-8000-0000000000" + (n + 10)).setResource(patient(n))
          .getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Patient");
    }
    Basic basic = new Basic();
    basic.getCode().setText(family);
    basic.setSubject(new Reference("urn:uuid:00000000-0000-4000-8000-000000000011"));
    bundle.addEntry().setResource(basic).getRequest().setMethod(Bundle.HTTPVerb.POST).setUrl("Basic");
    bundle.addEntry().getRequest().setMethod(Bundle.HTTPVerb.GET).setUrl("Patient/" + id);
    Bundle answer = client.transaction().withBundle(bundle).execute();
    same("entries", 26, answer.getEntry().size());
    same("read", id, answer.getEntry().get(25).getResource().getIdElement().getIdPart());
    String location = answer.getEntry().get(24).getResponse().getLocation();
    Basic stored = client.read().resource(Basic.class).withId(location.split("/")[1]).execute();
    same("link", true, answer.getEntry().get(0).getResponse().getLocation().startsWith(stored.getSubject().getReference() + "/"));
  }

  private void search() {
    Set<String> seen = new HashSet<>();
    int pages = 0;
    Bundle page = client.search().forResource(Patient.class).where(Patient.FAMILY.matches().value(family)).count(10)
        .sort().descending(Patient.GIVEN).returnBundle(Bundle.class).execute();
    for (; page != null; pages++) {
      page.getEntry().forEach(e -> seen.add(e.getResource().getIdElement().getIdPart()));
      page = page.getLink(Bundle.LINK_NEXT) == null ? null : client.loadPage().next(page).execute();
    }
    same("found", 25, seen.size());
    same("pages", 3, pages);
    Bundle included = client.search().forResource(Basic.class).where(Basic.SUBJECT.hasChainedProperty(Patient.FAMILY.matches().value(family)))
        .include(Basic.INCLUDE_SUBJECT).returnBundle(Bundle.class).execute();
    same("included", 2, included.getEntry().size());
  }

  private void conditional() {
    String where = "Patient?family=" + family + "&given=n3";
    same("conditional create", "n3", ((Patient) client.create().resource(patient(3)).conditionalByUrl(where)
        .prefer(PreferReturnEnum.REPRESENTATION).execute().getResource()).getNameFirstRep().getGivenAsSingleString());
    same("conditional update", "2", client.update().resource(patient(3)).conditionalByUrl(where).execute().getId().getVersionIdPart());
    client.delete().resourceConditionalByUrl(where).execute();
  }

  /** Begins an export with HAPI, which has no more of bulk data than operations, and takes its files with what Java has. */
  private void export() {
    String[] status = new String[1];
    IClientInterceptor watch = new IClientInterceptor() {
      @Override public void interceptRequest(IHttpRequest request) {}
      @Override public void interceptResponse(IHttpResponse response) {
        if (response.getStatus() == 202) {
          status[0] = response.getHeaders("Content-Location").get(0);
        }
      }
    };
    client.registerInterceptor(watch);
    try {
      client.operation().onType(Patient.class).named("$export").withSearchParameter(Parameters.class, "_type", new StringParam("Patient"))
          .andSearchParameter("_typeFilter", new StringParam("Patient?family=" + family)).useHttpGet().withAdditionalHeader("Prefer", "respond-async").execute();
      throw new AssertionError("the answer to the kick-off is HealthLake's, no resource");
    } catch (FhirClientConnectionException e) {
      // the job's id, as HealthLake tells it
    } finally {
      client.unregisterInterceptor(watch);
    }
    HttpClient http = HttpClient.newHttpClient();
    try {
      HttpResponse<String> answer = get(http, status[0]);
      for (; answer.statusCode() == 202; answer = get(http, status[0])) {
        Thread.sleep(50);
      }
      Matcher url = Pattern.compile("\"url\":\"([^\"]+)\"").matcher(answer.body());
      same("a file", true, url.find());
      HttpResponse<String> file = get(http, url.group(1));
      same("exported", 24L, file.body().lines().filter(line -> context.newJsonParser().parseResource(Patient.class, line).getNameFirstRep().getFamily().equals(family)).count());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static HttpResponse<String> get(HttpClient http, String url) throws IOException, InterruptedException {
    return http.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
  }

  private static void same(String what, Object want, Object got) {
    if (!want.equals(got)) {
      throw new AssertionError(what + ": got " + got + ", want " + want);
    }
  }
}
