// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"slices"

	"galen/internal/fhir"
	"galen/internal/interaction"
)

// Operation is a row of the table.
//
// http://hl7.org/fhir/R4/operationdefinition.html
type Operation struct {
	Name       string   // without the dollar sign
	Definition string   // canonical URL of the definition it follows; empty: galen's own
	Levels     Level    // where it can be called
	Types      []string // resource types, for the levels OnType and OnInstance; nil: all
	Changes    bool     // it changes what is stored: never called with GET
	Raw        bool     // the body is no FHIR resource: Call.Body has it as it came, and parameters are only those of the URL
	Params     []Param  // what may be given; others are refused
	Searches   bool     // search parameters may be given too, those of the type that it is called on
	Bare       string   // the parameter that a resource on its own is; empty: only Parameters are taken

	serve func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error)

	// follow serves GET and DELETE of [base]/$name/rest: the status of what a call began, and its end. nil: calls begin nothing.
	follow func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error)
	status string // the name that follow is called by; empty: Name
}

// answersResource reports whether the operation answers with a resource: what begins a job or takes a body of another form does not.
func (o *Operation) answersResource() bool { return o.follow == nil && !o.Raw }

// followed is the name under which what a call began is looked after.
func (o *Operation) followed() string {
	if o.status != "" {
		return o.status
	}
	return o.Name
}

// Level is a set of places where an operation can be called.
type Level uint8

// The levels.
const (
	OnSystem   Level = 1 << iota // [base]/$name
	OnType                       // [base]/Type/$name
	OnInstance                   // [base]/Type/id/$name
	OnVersion                    // [base]/Type/id/_history/vid/$name
)

// Param is a parameter that goes in.
type Param struct {
	Name string
	Type string // FHIR type, Resource, or empty for one with parts; a search parameter's is string
	Min  int
	Many bool // it may repeat

	Refused string // why the parameter, which the definition has, is not served: whoever gives it is told this; empty: it is served
}

// offers reports whether the operation can be called at the level on that type.
func (o *Operation) offers(level Level, typ string) bool {
	return o.Levels&level != 0 && (level == OnSystem || o.Types == nil || slices.Contains(o.Types, typ))
}

// param is the parameter of a name; false if there is none.
func (o *Operation) param(name string) (Param, bool) {
	i := slices.IndexFunc(o.Params, func(p Param) bool { return p.Name == name })
	if i < 0 && o.Searches {
		return Param{Name: name, Type: "string", Many: true}, true
	}
	if i < 0 {
		return Param{}, false
	}
	return o.Params[i], true
}

// Call is one call of an operation. What it holds is good until the function that serves it returns.
type Call struct {
	Caller     interaction.Caller
	Key        fhir.Key // as far as the level has it
	VersionID  string
	Parameters Parameters
	Query      string // of the URL, as it stands there
	Method     string // GET or POST; DELETE only where follow serves
	Rest       string // what follow serves

	Body        []byte // only where Operation.Raw
	ContentType string // of Body; empty: FHIR's JSON

	name      string // of the operation
	operation *Operation
	header    func(string) string
}

// Header is a header of the request by its canonical name; empty if there is none.
func (c *Call) Header(name string) string {
	if c.header == nil {
		return ""
	}
	return c.header(name)
}
