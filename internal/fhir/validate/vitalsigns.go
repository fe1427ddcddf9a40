// SPDX-License-Identifier: Apache-2.0

package validate

// vitalSigns are R4's profiles of observations by the LOINC codes that ask for them.
//
// http://hl7.org/fhir/R4/observation-vitalsigns.html#vitals-table
var vitalSigns = map[string]string{
	"85353-1": "vitalspanel", "9279-1": "resprate", "8867-4": "heartrate", "2708-6": "oxygensat", "8310-5": "bodytemp", "8302-2": "bodyheight",
	"9843-4": "headcircum", "29463-7": "bodyweight", "39156-5": "bmi", "85354-9": "bp",
}

// vital checks an observation against the profile of the vital sign that its code names.
func (w *profileWalk) vital(it item) {
	for _, c := range it.node.Field("code").Field("coding").Elements() {
		if profile := vitalSigns[c.Field("code").Text()]; profile != "" && c.Field("system").Is("http://loinc.org") {
			w.against(it, "http://hl7.org/fhir/StructureDefinition/"+profile, c.Offset(), "code")
		}
	}
}
