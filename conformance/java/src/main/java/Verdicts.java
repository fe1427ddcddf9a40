// SPDX-License-Identifier: Apache-2.0

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import org.hl7.fhir.common.hapi.validation.support.CachingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * Validates each line of an NDJSON file with HL7's InstanceValidator, offline, against base R4, and writes a line for each: the number of
 * errors, then for each error its place and text, parted by tabs.
 */
public final class Verdicts {
  public static void main(String[] args) throws Exception {
    FhirContext context = FhirContext.forR4();
    ValidationSupportChain support = new ValidationSupportChain(
        new DefaultProfileValidationSupport(context),
        new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context),
        new SnapshotGeneratingValidationSupport(context));
    FhirInstanceValidator instance = new FhirInstanceValidator(new CachingValidationSupport(support));
    instance.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    instance.setAnyExtensionsAllowed(true);
    instance.setErrorForUnknownProfiles(false);
    instance.setNoTerminologyChecks(false);
    FhirValidator validator = context.newValidator().registerValidatorModule(instance);
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      System.out.println(verdict(validator, line));
    }
  }

  private static String verdict(FhirValidator validator, String resource) {
    StringBuilder out = new StringBuilder();
    int errors = 0;
    try {
      for (SingleValidationMessage m : validator.validateWithResult(resource).getMessages()) {
        if (m.getSeverity() == ResultSeverityEnum.ERROR || m.getSeverity() == ResultSeverityEnum.FATAL) {
          errors++;
          out.append('\t').append(m.getLocationString()).append(": ").append(oneLine(m.getMessage()));
        }
      }
    } catch (RuntimeException e) { // a resource that it cannot even read
      errors++;
      out.append("\tresource: ").append(oneLine(String.valueOf(e.getMessage())));
    }
    return errors + out.toString();
  }

  private static String oneLine(String text) {
    String s = text.replaceAll("\\s+", " ");
    return s.length() > 300 ? s.substring(0, 300) : s;
  }
}
