// SPDX-License-Identifier: Apache-2.0

package term

import "galen/internal/fhir"

// ExpandRequest is the input of Expand: a value set by URL, or ValueSet, the resource itself.
//
// http://hl7.org/fhir/R4/valueset-operation-expand.html
type ExpandRequest struct {
	URL      string    // canonical, |version may follow; implicit value sets too
	Version  string    // version of the value set, if URL has none
	ValueSet fhir.Node // a ValueSet resource instead of URL; absent otherwise

	Filter       string // words that the display or a designation has the beginnings of
	Offset       int
	Count        int // concepts on this page; 0: all of them, or see CountOnly
	CountOnly    bool
	ActiveOnly   bool
	Designations bool // includeDesignations
	// OnlyDesignations are the languages and uses of the designations to give (designation), as system|code or code; with any,
	// Designations need not be set.
	OnlyDesignations []string
	Definition       bool   // includeDefinition: give the value set's compose too
	DisplayLanguage  string // BCP-47
	Flat             bool   // excludeNested
	NotForUI         bool   // excludeNotForUI: leave out abstract concepts
	Properties       []string
	// SystemVersions pin versions of systems, as url|version, where the value set names none (system-version).
	SystemVersions []string
	ForcedVersions []string    // the same, whatever version the value set names (force-system-version)
	Given          []fhir.Node // elements of Parameters.parameter that the answer names as what it was made by
	ExcludeSystems []string    // systems to leave out (exclude-system), as url or url|version
}

// Expansion is the answer of Expand.
type Expansion struct {
	URL, Version string // of the value set
	Name, Title  string
	Total        int
	Offset       int
	Paged        bool        // Offset or Count were given: Contains is a part
	Systems      []string    // url|version of the systems used
	Given        []fhir.Node // as in the request
	Compose      fhir.Node   // its definition, if it was asked for and there is one
	Contains     []Contains
}

// Contains is one concept of an expansion.
type Contains struct {
	Coding
	Abstract     bool
	Inactive     bool
	Designations []Designation
	Properties   []Property
	Contains     []Contains // nested concepts, if the expansion is not flat
}

// ValidateRequest is the input of ValidateCode. Either a value set is given, or the system alone is asked (CodeSystem/$validate-code).
//
// http://hl7.org/fhir/R4/valueset-operation-validate-code.html
type ValidateRequest struct {
	URL      string    // value set; empty: the code is checked against its system
	Version  string    // of the value set
	ValueSet fhir.Node // a ValueSet resource instead of URL

	Codings         []Coding // one for a code or Coding, all of a CodeableConcept: one must be valid
	InferSystem     bool     // a code without system: take that of the value set which has it
	NoAbstract      bool     // abstract=false: abstract concepts are not valid
	DisplayLanguage string
}

// Validation is the answer of ValidateCode.
type Validation struct {
	Result  bool
	Message string // why not, or a warning about the display; no patient data but the code asked for
	Coding         // the coding that is valid, with the preferred display; else the first asked for
	// Causes of a negative result, for callers that answer differently to each.
	UnknownSystem  bool // the code system is not known here
	DisplayInvalid bool // the code is valid, its display is not
	Inactive       bool
}

// LookupRequest is the input of Lookup.
//
// http://hl7.org/fhir/R4/codesystem-operation-lookup.html
type LookupRequest struct {
	Coding
	DisplayLanguage string
	Properties      []string // only these; none: all
}

// Concept is the answer of Lookup.
type Concept struct {
	Name         string // of the code system
	Coding              // with the version and display that were found
	Abstract     bool
	Inactive     bool
	Designations []Designation
	Properties   []Property // parent, child, inactive, notSelectable among them
}

// Subsumption is the answer of Subsumes.
//
// http://hl7.org/fhir/R4/valueset-concept-subsumption-outcome.html
type Subsumption string

// The outcomes.
const (
	Equivalent  Subsumption = "equivalent"
	Subsumer    Subsumption = "subsumes"
	SubsumedBy  Subsumption = "subsumed-by"
	NotSubsumed Subsumption = "not-subsumed"
)

// TranslateRequest is the input of Translate. Map and URL may both be empty: all maps of the Service are asked.
//
// http://hl7.org/fhir/R4/conceptmap-operation-translate.html
type TranslateRequest struct {
	URL          string    // canonical of the ConceptMap
	Version      string    // its version
	Map          fhir.Node // a ConceptMap resource instead
	Source       string    // value set that the codes are from; narrows the maps
	Target       string    // value set to translate to; narrows the maps and the matches
	TargetSystem string    // only targets of this system
	Codings      []Coding
	Dependencies []Dependency
	Reverse      bool
}

// Dependency is another value that a mapping depends on, or that it gives (product).
type Dependency struct {
	Property string
	Coding   // Coding.Code is the value of the dependency
}

// Translation is the answer of Translate.
type Translation struct {
	Result  bool // there is a match that is not unmatched or disjoint
	Message string
	Matches []Match
}

// Match is one target of a translation.
type Match struct {
	Equivalence string // http://hl7.org/fhir/R4/valueset-concept-map-equivalence.html
	Coding
	Source   string // canonical of the map
	Comment  string
	Products []Dependency
}
