// SPDX-License-Identifier: Apache-2.0

package term

import (
	"net/url"
	"strings"

	"galen/internal/fault"
)

const (
	snomed = "http://snomed.info/sct"
	loinc  = "http://loinc.org"
)

// Properties that importers give, for implicit value sets to find their members by.
const (
	propertyRefset     = "refset"
	propertyAnswerList = "answer-list"
)

// implicit is the definition of a value set that a code system defines by itself; nil if the URL is none.
//
//	http://snomed.info/sct?fhir_vs…         all, isa/ID, refset, refset/ID, ecl/EXPRESSION; of an edition or version too
//	http://loinc.org/vs, …/vs/LL…, …/vs/LP… all, an answer list, what is below a part
//	SYSTEM/vs, SYSTEM?fhir_vs, SYSTEM?fhir_vs=isa/CODE, and CodeSystem.valueSet of any system
//
// http://hl7.org/fhir/R4/snomedct.html#implicit and http://hl7.org/fhir/R4/loinc.html#implicit
func (s *Service) implicit(address string) (*compose, error) {
	system, query, asked := strings.Cut(address, "?")
	if asked {
		what, ok := strings.CutPrefix(query, "fhir_vs")
		if !ok {
			return nil, nil
		}
		return implicitQuery(address, system, what)
	}
	if id, ok := strings.CutPrefix(address, loinc+"/vs/"); ok {
		f := filter{propertyAnswerList, "=", id}
		if strings.HasPrefix(id, "LP") {
			f = filter{"concept", "is-a", id}
		}
		return whole(address, loinc, "", f), nil
	}
	if base, ok := strings.CutSuffix(address, "/vs"); ok {
		if sys, err := s.system(base, ""); err == nil && sys.ValueSet == "" {
			return whole(address, base, ""), nil
		}
	}
	for _, known := range s.imported() {
		if known.ValueSet == address {
			return whole(address, known.URL, ""), nil
		}
	}
	return nil, nil
}

// canonical splits what names a value set into its URL and version. An expression of SNOMED CT has |terms| and no version after it.
func canonical(name string) (url, version string) {
	if strings.Contains(name, "?fhir_vs=ecl/") {
		return name, ""
	}
	url, version, _ = strings.Cut(name, "|")
	return url, version
}

func implicitQuery(address, system, what string) (*compose, error) {
	version := ""
	if strings.HasPrefix(system, snomed+"/") {
		version = system
		system = snomed
	}
	kind, value, _ := strings.Cut(strings.TrimPrefix(what, "="), "/")
	value, err := url.QueryUnescape(value)
	switch {
	case err != nil:
		return nil, fault.New(fault.Invalid, "the implicit value set %s cannot be read", address)
	case what == "":
		return whole(address, system, version), nil
	case kind == "isa" && value != "":
		return whole(address, system, version, filter{"concept", "is-a", value}), nil
	case kind == "refset" && value == "":
		return whole(address, system, version, filter{"concept", "descendent-of", "900000000000455006"}), nil
	case kind == "refset":
		return whole(address, system, version, filter{propertyRefset, "=", value}), nil
	case kind == "ecl" && system == snomed:
		return whole(address, system, version, filter{"constraint", "=", value}), nil
	}
	return nil, fault.New(fault.Invalid, "%s: after fhir_vs comes nothing, =isa/CODE, =refset, =refset/ID or, of SNOMED CT, =ecl/EXPRESSION", address)
}

func whole(address, system, version string, filters ...filter) *compose {
	return &compose{url: address, include: []include{{system: system, version: version, filters: filters}}}
}
