// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"encoding/json"
	"regexp"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// The limits of one package.
const (
	MaxFiles = 50_000
	MaxFile  = 32 << 20  // bytes of one file, unpacked
	MaxTotal = 512 << 20 // bytes of all files, unpacked
)

// Core is the name of the package of R4 itself. It is built in: a dependency on it is always met.
const Core = "hl7.fhir.r4.core"

// Package is one FHIR package.
type Package struct {
	Name         string
	Version      string
	Dependencies map[string]string // version by name
	Resources    []Resource        // in the order of their file names
}

// ID is name#version.
func (p *Package) ID() string { return p.Name + "#" + p.Version }

// Resource is a conformance resource of a package.
type Resource struct {
	Type    string // "StructureDefinition"
	URL     string
	Version string // of the resource; empty if it states none
	File    string // its name in the package, without folders
	Package string // name#version
	JSON    []byte
}

// kept lists the types of resources that are of use.
var kept = map[string]bool{"StructureDefinition": true, "ValueSet": true, "CodeSystem": true, "ConceptMap": true,
	"SearchParameter": true, "CapabilityStatement": true, "OperationDefinition": true, "ImplementationGuide": true, "NamingSystem": true, "Questionnaire": true}

var (
	nameForm    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,127}$`)
	versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$`)
)

// manifest is package.json as far as it matters.
type manifest struct {
	Name         string            `json:"name"`
	Version      string            `json:"version"`
	Versions     []string          `json:"fhirVersions"`
	List         []string          `json:"fhir-version-list"`
	Dependencies map[string]string `json:"dependencies"`
}

// describe fills in what package.json says.
func (p *Package) describe(text []byte) error {
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return fault.New(fault.Invalid, "package.json is no JSON of a FHIR package's manifest")
	}
	switch {
	case !nameForm.MatchString(m.Name):
		return fault.New(fault.Invalid, "package.json has no name of a FHIR package, such as hl7.fhir.us.core")
	case !versionForm.MatchString(m.Version):
		return fault.New(fault.Invalid, "package.json has no version, such as 6.1.0")
	}
	for _, v := range append(m.Versions, m.List...) {
		if !strings.HasPrefix(v, "4.0") {
			return fault.New(fault.Unsupported, "the package %s#%s is for FHIR %s: take the one for R4 (4.0.1)", m.Name, m.Version, plain(v))
		}
	}
	p.Name, p.Version, p.Dependencies = m.Name, m.Version, m.Dependencies
	return nil
}

// add keeps a file if it is a conformance resource with a canonical URL. Other files are left out without a word: packages
// have lists and examples beside what they define.
func (p *Package) add(file string, text []byte) {
	var tape fhir.Tape
	if tape.Parse(text, fhir.Limits{Size: MaxFile}) != nil {
		return
	}
	root := tape.Root()
	typ, url := fhir.Type(root), root.Field("url").Text()
	if !kept[typ] || url == "" {
		return
	}
	p.Resources = append(p.Resources, Resource{Type: strings.Clone(typ), URL: strings.Clone(url),
		Version: strings.Clone(root.Field("version").Text()), File: file, JSON: text})
}

// seal gives the resources the package's name, which may be read after them.
func (p *Package) seal() {
	for i := range p.Resources {
		p.Resources[i].Package = p.ID()
	}
}

// plain shortens a text of a package for a message.
func plain(s string) string {
	if len(s) > 32 {
		s = s[:32]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
