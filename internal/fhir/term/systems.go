// SPDX-License-Identifier: Apache-2.0

package term

import (
	"strings"

	"galen/internal/fault"
)

// System finds a code system by canonical URL (|version may follow). It fails with fault.NotFound if there is none; the text says how to get it.
func (s *Service) System(url string) (*System, error) {
	url, version, _ := strings.Cut(url, "|")
	return s.system(url, version)
}

// system finds a code system: stored with content, imported, built in, a grammar.
func (s *Service) system(url, version string) (*System, error) {
	return cached(s, cacheKey{"CodeSystem", url, version}, func() (*System, error) {
		n, err := s.resource("CodeSystem", url, version)
		if err != nil {
			return nil, err
		}
		var stored *System
		if n.Ok() {
			if stored, err = ReadCodeSystem(n); err != nil {
				return nil, err
			}
			if stored.Len() > 0 && stored.Content != Example && stored.Content != Fragment {
				return stored, nil
			}
		}
		for _, sys := range s.imports[url] {
			if version == "" || sameVersion(sys.Version, version) {
				return sys, nil
			}
		}
		if g := s.grammar[url]; g != nil {
			return g, nil
		}
		if stored != nil && stored.Len() > 0 {
			return stored, nil
		}
		return nil, unknownSystem(url, version)
	})
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
