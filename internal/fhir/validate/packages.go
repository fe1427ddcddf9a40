// SPDX-License-Identifier: Apache-2.0

package validate

import "strings"

// publisher is who defines the canonicals that begin so: the package to add for them.
type publisher struct{ prefix, name string }

// publishers is the packages that people meet most; a prefix that begins another's comes after it.
var publishers = [...]publisher{
	{"http://hl7.org/fhir/us/core/", "hl7.fhir.us.core"},
	{"http://hl7.org/fhir/uv/ips/", "hl7.fhir.uv.ips"},
	{"http://hl7.org/fhir/us/carin-bb/", "hl7.fhir.us.carin-bb"},
	{"http://hl7.org/fhir/us/insurance-card/", "hl7.fhir.us.insurance-card"},
	{"http://hl7.org/fhir/us/mcode/", "hl7.fhir.us.mcode"},
	{"http://hl7.org/fhir/us/davinci-", "hl7.fhir.us.davinci-"},
	{"http://hl7.org/fhir/us/qicore/", "hl7.fhir.us.qicore"},
	{"http://hl7.org/fhir/us/ecr/", "hl7.fhir.us.ecr"},
	{"http://hl7.org/fhir/uv/sdc/", "hl7.fhir.uv.sdc"},
	{"http://hl7.org/fhir/uv/ipa/", "hl7.fhir.uv.ipa"},
	{"http://hl7.org/fhir/uv/bulkdata/", "hl7.fhir.uv.bulkdata"},
	{"http://hl7.org/fhir/uv/genomics-reporting/", "hl7.fhir.uv.genomics-reporting"},
	{"http://hl7.org/fhir/smart-app-launch/", "hl7.fhir.uv.smart-app-launch"},
	{"http://hl7.org.au/fhir/core/", "hl7.fhir.au.core"},
	{"http://hl7.org.au/fhir/", "hl7.fhir.au.base"},
	{"http://fhir.de/", "de.basisprofil.r4"},
}

// add says how to install what a canonical names.
func add(canonical string) string {
	for _, p := range publishers {
		rest, ok := strings.CutPrefix(canonical, p.prefix)
		if !ok {
			continue
		}
		name := p.name
		if strings.HasSuffix(name, "-") { // a family: its member is what follows
			member, _, _ := strings.Cut(rest, "/")
			if member = plain(member); member == "?" {
				break
			}
			name += member
		}
		return "galen package add " + name
	}
	return "add the package that has it with galen package add"
}
