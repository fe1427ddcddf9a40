// SPDX-License-Identifier: Apache-2.0

package fhirtest

// Small is one hand-written resource and why it is here. All are structurally right R4.
type Small struct {
	Name string
	Why  string
	JSON string
}

// Smalls lists the hand-written resources.
func Smalls() []Small {
	return []Small{
		{"least", "the smallest resource there is, without id or meta",
			`{"resourceType":"Basic","code":{"text":"x"}}`},
		{"patient", "names, identifiers, partial birth date, a choice element and contact points",
			`{"resourceType":"Patient","id":"ann","meta":{"versionId":"7","lastUpdated":"2020-01-02T03:04:05.678Z","tag":[{"system":"urn:t","code":"a"}]},"identifier":[{"system":"urn:mrn","value":"17"}],"active":true,"name":[{"use":"official","family":"Ågren","given":["Ann","Maria"]}],"telecom":[{"system":"phone","value":"+46 8 123"}],"gender":"female","birthDate":"1970-03","deceasedBoolean":false,"managingOrganization":{"reference":"Organization/o1"}}`},
		{"observation", "decimals whose text matters: a kept zero, and bounds of a reference range",
			`{"resourceType":"Observation","id":"glucose-1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"15074-8","display":"Glucose"}]},"subject":{"reference":"Patient/ann"},"effectiveDateTime":"2013-04-02T09:30:10+01:00","issued":"2013-04-03T15:30:10.5+01:00","valueQuantity":{"value":6.30,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"},"referenceRange":[{"low":{"value":3.1},"high":{"value":6.2}}]}`},
		{"components", "composite search values, and an exponent in a number",
			`{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/ann"},"effectiveDateTime":"2012-09-17","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107,"unit":"mmHg"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":6.0e1,"unit":"mmHg"}}]}`},
		{"escapes", "every escape, a surrogate pair, a name with an escape, and text outside the first plane",
			`{"resourceType":"Basic","id":"esc","meta":{"lastUpdated":"2020-01-02T03:04:05Z"},"code":{"t\u0065xt":"q\" b\\ s\/ \b\f\n\r\t \u00e9 \ud83d\ude00 😀 中文"}}`},
		{"primitives", "extensions beside primitives, and null in an array of them",
			`{"resourceType":"Patient","id":"ext","meta":{"_versionId":{"id":"v"},"_lastUpdated":{"extension":[{"url":"urn:x","valueString":"y"}]}},"_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},"name":[{"given":[null,"B"],"_given":[{"id":"g"},null]}]}`},
		{"contained", "a contained resource with an id of its own, and a fragment reference to it",
			`{"resourceType":"MedicationRequest","id":"mr","contained":[{"resourceType":"Medication","id":"m","code":{"text":"aspirin"}}],"status":"active","intent":"order","medicationReference":{"reference":"#m"},"subject":{"reference":"Patient/ann/_history/7"}}`},
		{"references", "a logical, an absolute and a urn reference",
			`{"resourceType":"Encounter","id":"enc","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"type":"Patient","identifier":{"system":"urn:mrn","value":"17"}},"serviceProvider":{"reference":"https://example.org/fhir/Organization/o1"},"partOf":{"reference":"urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11"},"period":{"start":"2012-11-01T17:00:14Z","end":"2012-11-01T18:00:14+05:30"}}`},
		{"spaced", "white space everywhere, and members in an unusual order: meta first, resourceType last",
			" {\r\n  \"meta\" : { \"versionId\" : \"1\" , \"source\" : \"a b\" } ,\n\t\"code\" : { \"text\" : \" x  y \" } ,\n  \"id\" : \"sp\" ,\n  \"resourceType\" : \"Basic\"\n}\n"},
		{"canonical", "canonical URLs with versions, and an instant to the nanosecond",
			`{"resourceType":"ValueSet","id":"vs","meta":{"lastUpdated":"2024-02-29T23:59:60.123456789-14:00","profile":["http://hl7.org/fhir/StructureDefinition/ValueSet|4.0.1"]},"url":"http://example.org/vs","version":"2","status":"draft","compose":{"include":[{"valueSet":["http://example.org/vs|1"]}]}}`},
		{"narrative", "markup in a string, as most resources carry it",
			`{"resourceType":"Organization","id":"o1","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>St. Mary &amp; Co</p></div>"},"name":"St. Mary & Co"}`},
		{"bundle", "resources in a resource, with urn references between the entries and a conditional one",
			`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11","resource":{"resourceType":"Patient","name":[{"family":"N"}]},"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":"Observation","status":"final","code":{"text":"c"},"subject":{"reference":"urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11"},"performer":[{"reference":"Practitioner?identifier=urn:p|1"}]},"request":{"method":"POST","url":"Observation"}}]}`},
	}
}
