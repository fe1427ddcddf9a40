// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// System finds a code system by canonical URL (|version may follow). It fails with fault.NotFound if there is none; the text says how to get it.
func (s *Service) System(url string) (*System, error) {
	if sys, err := s.system(url, ""); err == nil { // some of R4's own have a bar in their URL
		return sys, nil
	}
	url, version, _ := strings.Cut(url, "|")
	return s.system(url, version)
}

// system finds a code system: stored with content, imported, built in, a grammar; else what of it there is.
func (s *Service) system(url, version string) (*System, error) {
	return cached(s, cacheKey{"CodeSystem", url, version}, func() (*System, error) {
		n, err := s.stored("CodeSystem", url, version)
		if err != nil {
			return nil, err
		}
		some, whole, err := readStored(n)
		if err != nil || whole {
			return some, err
		}
		if s.opt.Base != nil {
			other, err := s.opt.Base.system(url, version)
			if some == nil || err == nil && (other.IsGrammar() || other.Content != Example && other.Content != Fragment) {
				return other, err
			}
			return some, nil
		}
		for _, sys := range s.imports[url] {
			if version == "" || sameVersion(sys.Version, version) {
				return sys, nil
			}
		}
		if text := builtin("CodeSystem", url, version); text != nil {
			if n, err = parseResource(text); err != nil {
				return nil, err
			}
			own, whole, err := readStored(n)
			if err != nil || whole {
				return own, err
			}
			if some == nil {
				some = own
			}
		}
		switch g := s.grammar[url]; {
		case g != nil:
			return g, nil
		case some != nil:
			return some, nil
		}
		return nil, unknownSystem(url, version)
	})
}

// readStored makes a System of a resource, if it has concepts; whole says that it has them all.
func readStored(n fhir.Node) (sys *System, whole bool, err error) {
	if !n.Ok() {
		return nil, false, nil
	}
	sys, err = ReadCodeSystem(n)
	if err != nil || sys.Len() == 0 || sys.Content == Supplement {
		return nil, false, err
	}
	return sys, sys.Content != Example && sys.Content != Fragment, nil
}

// sameVersion compares versions; one that SNOMED CT writes as a URI may name the edition only.
func sameVersion(have, want string) bool {
	return have == want || strings.HasPrefix(want, snomed+"/") && strings.HasPrefix(have, want+"/")
}

// importers says how to get the systems that are not distributed with galen.
var importers = map[string]string{
	snomed: "import an RF2 snapshot of SNOMED CT",
	loinc:  "import Loinc.csv of a LOINC release",
	"http://www.nlm.nih.gov/research/umls/rxnorm": "import RXNCONSO.RRF and RXNREL.RRF of an RxNorm release",
	"http://hl7.org/fhir/sid/icd-10-cm":           "import the ICD-10-CM order file of CMS",
	"http://hl7.org/fhir/sid/cvx":                 "import the CVX table of CDC",
}

func unknownSystem(url, version string) error {
	if version != "" {
		url += "|" + version
	}
	how, ok := importers[strings.TrimSuffix(url, "|"+version)]
	if !ok {
		how = "create it as a CodeSystem with its concepts in the data store, or add the package that has it"
	}
	return fault.New(fault.NotFound, "the code system %s is not here: %s", url, how)
}
