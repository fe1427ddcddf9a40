// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"errors"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirpath"
	"galen/internal/search"
	"galen/internal/store"
)

// Topic says which changes are events.
//
// http://hl7.org/fhir/R4B/subscriptiontopic.html
type Topic struct {
	URL      string // canonical; empty if it has none
	Version  string
	ID       string // of the Basic resource; empty for those that are always there
	Status   string
	Triggers []Trigger
	filters  []allowed // what subscriptions may filter by; none: any search parameter
}

// Trigger is one kind of change that is an event.
type Trigger struct {
	Type         string // of the resource; empty: any
	Interactions []Interaction
	query        *criteria
	path         *fhirpath.Program // over %current and %previous; nil: none
}

// Interaction is what happened to a resource.
type Interaction string

// The interactions.
const (
	Created Interaction = "create"
	Updated Interaction = "update"
	Deleted Interaction = "delete"
)

// criteria compares the state before a change with the one after it.
type criteria struct {
	previous, current *search.Query // nil: not asked
	failCreate        bool          // what previous is for a creation: failed rather than passed
	failDelete        bool          // what current is for a deletion
	both              bool          // both must hold; else one
}

// allowed is a parameter that subscriptions may filter by.
type allowed struct{ typ, param string }

// Built is what the canonical URLs of the topics begin with that every data store has: with the name of a type, all its changes;
// with a colon and an interaction after it, those only; "all" stands for every type.
const Built = "urn:galen:topic:"

// builtTopic is the topic of a canonical URL that begins with Built; nil if there is none.
func builtTopic(url string) *Topic {
	rest, ok := strings.CutPrefix(url, Built)
	if !ok {
		return nil
	}
	name, what, narrowed := strings.Cut(rest, ":")
	interactions := []Interaction{Created, Updated, Deleted}
	if narrowed {
		if !slices.Contains(interactions, Interaction(what)) {
			return nil
		}
		interactions = []Interaction{Interaction(what)}
	}
	if name == "all" {
		name = ""
	} else if !store.Storable(name) {
		return nil
	}
	return &Topic{URL: url, Status: "active", Triggers: []Trigger{{Type: name, Interactions: interactions}}}
}

// element is the name of an element of SubscriptionTopic that an extension of Basic stands for, by the extension's URL; the guide's own
// examples mix those of R4B and R5.
func element(url string) string {
	for _, release := range [...]string{"5.0", "4.3"} {
		if name, ok := strings.CutPrefix(url, "http://hl7.org/fhir/"+release+"/StructureDefinition/extension-SubscriptionTopic."); ok {
			return name
		}
	}
	return ""
}

// IsTopic reports whether a resource is a SubscriptionTopic in the form that R4 has for it: a Basic of that code.
func IsTopic(resource fhir.Node) bool {
	if fhir.Type(resource) != "Basic" {
		return false
	}
	for _, c := range resource.Field("code").Field("coding").Elements() {
		if c.Field("code").Is("SubscriptionTopic") {
			return true
		}
	}
	return false
}

// ParseTopic reads a Basic resource that is a topic. It fails with fault.Unprocessable for what is no topic, or one that is not served.
func ParseTopic(resource fhir.Node) (*Topic, error) {
	t := &Topic{ID: strings.Clone(fhir.ID(resource))}
	for _, list := range [...]fhir.Node{resource.Field("extension"), resource.Field("modifierExtension")} {
		for _, x := range list.Elements() {
			var err error
			switch name := element(x.Field("url").Text()); name {
			case "url":
				t.URL = valueText(x)
			case "version", "versionString":
				t.Version = valueText(x)
			case "status":
				t.Status = valueText(x)
			case "resourceTrigger":
				err = t.addTrigger(x)
			case "canFilterBy":
				t.addAllowed(x)
			case "eventTrigger":
				err = refuse("Basic.extension", "topics of events that are no changes of resources (eventTrigger) are not served")
			}
			if err != nil {
				return nil, err
			}
		}
	}
	if len(t.Triggers) == 0 {
		return nil, refuse("Basic.extension", "a topic has a resourceTrigger")
	}
	return t, nil
}

// standsAt is err with the place in a topic or a subscription of what is wrong; nil if that is nil.
func standsAt(path string, err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.At(path)
	}
	return err
}

// refuse says why a topic or a subscription is not served, and where that stands in it.
func refuse(path, format string, args ...any) error {
	return fault.New(fault.Unprocessable, format, args...).WithCode("business-rule").At(path)
}

// valueText is the value[x] of an extension as text, a copy.
func valueText(extension fhir.Node) string {
	for name, n := range extension.Members() {
		if strings.HasPrefix(name, "value") {
			return strings.Clone(n.Text())
		}
	}
	return ""
}

// parts iterates over the inner extensions of an extension.
func parts(extension fhir.Node) func(func(string, fhir.Node) bool) {
	return func(yield func(string, fhir.Node) bool) {
		for _, x := range extension.Field("extension").Elements() {
			if !yield(x.Field("url").Text(), x) {
				return
			}
		}
	}
}

// typeName is the type that a uri of a topic means.
func typeName(uri string) string {
	return strings.TrimPrefix(uri, "http://hl7.org/fhir/StructureDefinition/")
}

func (t *Topic) addTrigger(x fhir.Node) error {
	var g Trigger
	var query fhir.Node
	path := ""
	for name, p := range parts(x) {
		switch name {
		case "resource":
			g.Type = typeName(valueText(p))
		case "supportedInteraction", "methodCriteria":
			g.Interactions = append(g.Interactions, Interaction(valueText(p)))
		case "queryCriteria":
			query = p
		case "fhirPathCriteria":
			path = valueText(p)
		}
	}
	if !store.Storable(g.Type) {
		return refuse("Basic.extension", "the resource of a resourceTrigger is a type whose resources are stored here")
	}
	if len(g.Interactions) == 0 {
		g.Interactions = []Interaction{Created, Updated, Deleted}
	}
	for _, i := range g.Interactions {
		if i != Created && i != Updated && i != Deleted {
			return refuse("Basic.extension", "supportedInteraction is create, update or delete")
		}
	}
	if query.Ok() {
		c, err := parseCriteria(g.Type, query)
		if err != nil {
			return err
		}
		g.query = c
	}
	if path != "" {
		p, err := fhirpath.CompileMode(fhirpath.Language, def.R4(), path, def.R4().Type(g.Type).Structure)
		if err != nil {
			return fault.Wrap(fault.Unprocessable, err, "the fhirPathCriteria of the topic cannot be read").WithCode("business-rule").At("Basic.extension")
		}
		g.path = p
	}
	t.Triggers = append(t.Triggers, g)
	return nil
}

func parseCriteria(typ string, x fhir.Node) (*criteria, error) {
	c := &criteria{}
	var err error
	for name, p := range parts(x) {
		switch text := valueText(p); name {
		case "previous":
			c.previous, err = parseQuery(typ, text)
		case "current":
			c.current, err = parseQuery(typ, text)
		case "resultForCreate":
			c.failCreate = text == "test-fails"
		case "resultForDelete":
			c.failDelete = text == "test-fails"
		case "requireBoth":
			c.both = p.Field("valueBoolean").Bool()
		}
		if err != nil {
			return nil, standsAt("Basic.extension", err)
		}
	}
	if c.previous == nil && c.current == nil {
		return nil, refuse("Basic.extension", "queryCriteria has previous or current")
	}
	return c, nil
}

func (t *Topic) addAllowed(x fhir.Node) {
	var a allowed
	for name, p := range parts(x) {
		switch name {
		case "resource":
			a.typ = typeName(valueText(p))
		case "filterParameter":
			a.param = valueText(p)
		}
	}
	t.filters = append(t.filters, a)
}

// about reports whether changes of a type can be events of the topic.
func (t *Topic) about(typ string) bool {
	return slices.ContainsFunc(t.Triggers, func(g Trigger) bool { return g.Type == "" || g.Type == typ })
}

// lets reports whether subscriptions may filter resources of a type by a parameter.
func (t *Topic) lets(typ, param string) bool {
	return len(t.filters) == 0 || slices.ContainsFunc(t.filters, func(a allowed) bool {
		return a.param == param && (a.typ == "" || a.typ == typ || a.typ == "Resource")
	})
}
