// SPDX-License-Identifier: Apache-2.0

package plan_test

import "strings"

// table says where the values of parameters are: a name, the kind of the element and its path, or several. A composite has
// the element that both parts are of, then the kind and path of each. All is from the specification's definitions; what a
// kind is read as is readers' to know, and what stands after its colon too.
const table = `
*
_tag             coding meta.tag
_security        coding meta.security
_profile         uri meta.profile
_source          uri meta.source
Patient
active           code active
gender           code:http://hl7.org/fhir/administrative-gender gender
birthdate        date birthDate
death-date       date deceasedDateTime
family           string name.family
given            string name.given
name             string name.family | string name.given | string name.prefix | string name.suffix | string name.text
address          string address.line | string address.city | string address.district | string address.state | string address.postalCode | string address.country | string address.text
address-city     string address.city
address-state    string address.state
address-postalcode string address.postalCode
identifier       identifier identifier
language         concept communication.language
telecom          contact telecom
phone            contact:phone telecom
email            contact:email telecom
Practitioner
family           string name.family
given            string name.given
identifier       identifier identifier
email            contact:email telecom
gender           code:http://hl7.org/fhir/administrative-gender gender
address-city     string address.city
Organization
name             string name | string alias
type             concept type
active           code active
identifier       identifier identifier
address-city     string address.city
partof           reference partOf
Observation
code             concept code
combo-code       concept code | concept component.code
component-code   concept component.code
status           code:http://hl7.org/fhir/observation-status status
category         concept category
subject          reference subject
patient          reference:Patient subject
encounter        reference encounter
date             date effectiveDateTime | period effectivePeriod | date effectiveInstant
value-quantity   quantity valueQuantity
component-value-quantity quantity component.valueQuantity
combo-value-quantity quantity valueQuantity | quantity component.valueQuantity
value-concept    concept valueCodeableConcept
value-string     string valueString | string valueCodeableConcept.text
code-value-quantity pair . concept code quantity valueQuantity
code-value-concept pair . concept code concept valueCodeableConcept
component-code-value-quantity pair component concept code quantity valueQuantity
combo-code-value-quantity pair . concept code quantity valueQuantity | pair component concept code quantity valueQuantity
Encounter
status           code:http://hl7.org/fhir/encounter-status status
class            coding class
type             concept type
date             period period
subject          reference subject
patient          reference:Patient subject
participant      reference participant.individual
practitioner     reference:Practitioner participant.individual
participant-type concept participant.type
reason-code      concept reasonCode
service-provider reference serviceProvider
Condition
code             concept code
clinical-status  concept clinicalStatus
verification-status concept verificationStatus
onset-age        quantity onsetAge | range onsetRange
onset-date       date onsetDateTime | period onsetPeriod
abatement-date   date abatementDateTime | period abatementPeriod
recorded-date    date recordedDate
subject          reference subject
patient          reference:Patient subject
encounter        reference encounter
Procedure
code             concept code
status           code:http://hl7.org/fhir/event-status status
date             date performedDateTime | period performedPeriod
patient          reference:Patient subject
encounter        reference encounter
reason-reference reference reasonReference
MedicationRequest
code             concept medicationCodeableConcept
status           code status
intent           code intent
authoredon       date authoredOn
subject          reference subject
encounter        reference encounter
requester        reference requester
Immunization
vaccine-code     concept vaccineCode
status           code status
date             date occurrenceDateTime
patient          reference patient
DiagnosticReport
code             concept code
category         concept category
date             date effectiveDateTime | period effectivePeriod
issued           date issued
result           reference result
subject          reference subject
encounter        reference encounter
CarePlan
category         concept category
date             period period
subject          reference subject
care-team        reference careTeam
condition        reference addresses
activity-code    concept activity.detail.code
AllergyIntolerance
code             concept code | concept reaction.substance
category         code category
criticality      code criticality
date             date recordedDate
patient          reference patient
Device
type             concept type
patient          reference patient
device-name      string deviceName.name | string type.coding.display | string type.text
udi-di           string udiCarrier.deviceIdentifier
ImagingStudy
modality         coding series.modality
bodysite         coding series.bodySite
started          date started
identifier       identifier identifier
dicom-class      coding series.instance.sopClass
instance         code series.instance.uid
subject          reference subject
ChargeItem
factor-override  quantity factorOverride
Location
name             string name | string alias
partof           reference partOf
`

// params reads parameters, by type and name.
var params = readTable()

func readTable() map[string]func(map[string]any) values {
	all := map[string]func(map[string]any) values{}
	typ := ""
	for line := range strings.Lines(table) {
		name, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			typ = name
			continue
		}
		var read []func(map[string]any) values
		for part := range strings.SplitSeq(rest, "|") {
			read = append(read, readerOf(strings.Fields(part)))
		}
		all[typ+"."+name] = func(m map[string]any) (v values) {
			for _, r := range read {
				v.add(r(m))
			}
			return v
		}
	}
	return all
}

func readerOf(words []string) func(map[string]any) values {
	if words[0] == "pair" {
		first, second := readerOf(words[2:4]), readerOf(words[4:6])
		return func(m map[string]any) (v values) {
			for _, element := range elements(m, words[1]) {
				p := pair{first(element), second(element)}
				if !p.first.empty() && !p.second.empty() {
					v.pairs = append(v.pairs, p)
				}
			}
			return v
		}
	}
	kind, arg, _ := strings.Cut(words[0], ":")
	path := strings.Split(words[1], ".")
	return func(m map[string]any) (v values) {
		for _, e := range at(m, path...) {
			v.add(readers[kind](e, arg))
		}
		return v
	}
}

// elements is the resource itself for a dot, else the elements at a path.
func elements(m map[string]any, path string) []map[string]any {
	if path == "." {
		return []map[string]any{m}
	}
	var all []map[string]any
	for _, e := range at(m, strings.Split(path, ".")...) {
		all = append(all, e.(map[string]any))
	}
	return all
}

// valuesOf gives the values of a parameter; known is false if the table does not have it.
func valuesOf(r *resource, name string) (v values, known bool) {
	name = strings.TrimPrefix(name, ownPrefix)
	read := params[r.typ+"."+name]
	if read == nil {
		read = params["*."+name]
	}
	if read == nil {
		return v, false
	}
	return read(r.body), true
}
