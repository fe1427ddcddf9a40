// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/search"
)

// Bounds of $questionnaire-package.
const (
	maxPackages    = 100     // questionnaires
	maxPackaged    = 500     // resources of one package
	maxPackageSize = 5 << 20 // bytes of one package
	maxExpanded    = 39      // codes of a value set that is expanded
)

// questionnairePackageOperation gives forms, each with all that is needed to show them and to fill them in.
//
// http://hl7.org/fhir/us/davinci-dtr/OperationDefinition/questionnaire-package
// https://docs.aws.amazon.com/healthlake/latest/devguide/reference-fhir-operations-questionnaire-package.html
func questionnairePackageOperation() Operation {
	return Operation{
		Name: "questionnaire-package", Definition: "http://hl7.org/fhir/us/davinci-dtr/OperationDefinition/questionnaire-package",
		Levels: OnType, Types: []string{"Questionnaire"},
		Params: []Param{{Name: "coverage", Type: "Resource", Min: 1, Many: true}, {Name: "questionnaire", Type: "canonical", Many: true},
			{Name: "order", Type: "Resource", Many: true}, {Name: "changedSince", Type: "dateTime"}, {Name: "changedsince", Type: "dateTime"},
			{Name: "context", Type: "string", Refused: "there is no coverage decision here that it could be the context of"},
			{Name: "referenced", Type: "Resource", Many: true, Refused: "only orders and coverages are looked at"}},
		serve: serveQuestionnairePackage,
	}
}

// orderCodes says where an order says what is ordered; the types are those of the guide. A type without elements has no codes.
var orderCodes = map[string][]string{
	"ServiceRequest": {"code"}, "DeviceRequest": {"codeCodeableConcept"}, "MedicationRequest": {"medicationCodeableConcept"},
	"SupplyRequest": {"itemCodeableConcept"}, "Encounter": {"type", "serviceType"}, "Appointment": {"serviceType"},
	"CommunicationRequest": {"category"}, "NutritionOrder": nil, "VisionPrescription": nil,
}

func serveQuestionnairePackage(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	asked, err := readAsked(c)
	if err != nil {
		return interaction.Reply{}, err
	}
	for _, typ := range []string{"Library", "ValueSet", "QuestionnaireResponse"} {
		if _, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{Type: typ}); err != nil {
			return interaction.Reply{}, err
		}
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, fhir.Key{Type: "Questionnaire"})
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	p := &packager{Service: s, view: view, asked: asked}
	if s.opt.Terminology != nil {
		p.terms = s.onView(view)
	}
	forms, err := p.forms(ctx)
	if err != nil {
		return interaction.Reply{}, err
	}
	var a answer
	unchanged := 0
	for _, form := range forms {
		body, changed, err := p.pack(ctx, form)
		switch {
		case err != nil:
			return interaction.Reply{}, err
		case changed:
			a.raw("PackageBundle", "resource", body)
		default:
			unchanged++
		}
	}
	if len(p.issues) == 0 {
		p.note(fhir.Information, "informational", "Questionnaires: %d, unchanged: %d.", len(forms), unchanged)
	}
	a.raw("Outcome", "resource", fhir.AppendOutcome(nil, p.issues...))
	return a.reply(), nil
}

// asked is the input of $questionnaire-package.
type asked struct {
	base      string
	coverages []fhir.Node
	orders    []fhir.Node
	forms     []string // canonicals
	since     time.Time
}

func readAsked(c *Call) (asked, error) {
	a := asked{base: c.Caller.Base}
	for _, n := range c.Parameters.All("coverage") {
		if fhir.Type(Value(n)) != "Coverage" {
			return a, fault.New(fault.Invalid, "the parameter is a Coverage").WithCode("structure").At("coverage")
		}
		a.coverages = append(a.coverages, Value(n))
	}
	for _, n := range c.Parameters.All("order") {
		if _, ok := orderCodes[fhir.Type(Value(n))]; !ok {
			return a, fault.New(fault.Invalid, "the parameter is an order: a ServiceRequest, a DeviceRequest, an Encounter, …").WithCode("structure").At("order")
		}
		a.orders = append(a.orders, Value(n))
	}
	if a.forms = c.Parameters.Texts("questionnaire"); len(a.forms)+len(a.orders) == 0 {
		return a, fault.New(fault.Invalid, "At least one of 'questionnaire' or 'order' must be provided along with 'coverage'").WithCode("required").At("questionnaire")
	}
	if len(a.forms)+len(a.orders) > maxPackages {
		return a, fault.New(fault.TooCostly, "more than %d questionnaires and orders", maxPackages)
	}
	for _, name := range []string{"changedSince", "changedsince"} {
		text := c.Parameters.Text(name)
		if text == "" {
			continue
		}
		at, ok := fhir.ParseDateTime(text)
		if !ok {
			return a, fault.New(fault.Invalid, "the parameter is a dateTime").WithCode("value").At(name)
		}
		a.since = at.Time(0)
	}
	return a, nil
}

// patient is the reference to the member, as the coverages or else the orders have it; empty if none of them says.
func (a *asked) patient() string {
	for _, coverage := range a.coverages {
		if ref := coverage.Field("beneficiary").Field("reference").Text(); ref != "" {
			return a.relative(ref)
		}
	}
	for _, order := range a.orders {
		for _, name := range []string{"subject", "patient"} {
			if ref := order.Field(name).Field("reference").Text(); ref != "" {
				return a.relative(ref)
			}
		}
	}
	return ""
}

func (a *asked) relative(ref string) string { return strings.TrimPrefix(ref, a.base+"/") }

// payors are the references to who pays, as the coverages have them.
func (a *asked) payors() map[string]bool {
	all := map[string]bool{}
	for _, coverage := range a.coverages {
		for _, payor := range coverage.Field("payor").Elements() {
			if ref := payor.Field("reference").Text(); ref != "" {
				all[a.relative(ref)] = true
			}
		}
	}
	return all
}

// codes are what an order asks for, as search values.
func codesOf(order fhir.Node) (values []string) {
	add := func(concept fhir.Node) {
		for _, coding := range concept.Field("coding").Elements() {
			if code := coding.Field("code").Text(); code != "" {
				values = append(values, escape(coding.Field("system").Text())+"|"+escape(code))
			}
		}
	}
	for _, name := range orderCodes[fhir.Type(order)] {
		concepts := order.Field(name)
		add(concepts)
		for _, concept := range concepts.Elements() {
			add(concept)
		}
	}
	return values
}

// forms finds the questionnaires asked for: those named, and those whose context of use has a code of an order.
func (p *packager) forms(ctx context.Context) (forms []packed, err error) {
	there := map[string]bool{}
	add := func(f packed) {
		if !there[f.version.ID] {
			there[f.version.ID] = true
			forms = append(forms, f)
		}
	}
	for _, canonical := range p.asked.forms {
		f, ok, err := p.find(ctx, "Questionnaire", canonical)
		if err != nil {
			return nil, err
		}
		if ok {
			add(f)
		}
	}
	for _, order := range p.asked.orders {
		codes := codesOf(order)
		if len(codes) == 0 && len(p.asked.forms) == 0 {
			p.note(fhir.Warning, "not-found", "An order of type %s has no codes to find questionnaires by.", fhir.Type(order))
		}
		found := 0
		for _, code := range codes {
			versions, err := p.findIn(ctx, p.view, "Questionnaire", search.Pair{Name: "context", Value: code}, search.Pair{Name: "status", Value: "active"})
			if err != nil {
				return nil, err
			}
			for _, v := range versions {
				f := packed{version: v, typ: "Questionnaire"}
				if ok, err := p.forPayors(&f); err != nil {
					return nil, err
				} else if ok {
					found++
					add(f)
				}
			}
		}
		if len(codes) > 0 && found == 0 && len(p.asked.forms) == 0 {
			p.note(fhir.Warning, "not-found", "No questionnaire is for what an order of type %s asks for.", fhir.Type(order))
		}
	}
	if len(forms) > maxPackages {
		return nil, fault.New(fault.TooCostly, "more than %d questionnaires are found", maxPackages)
	}
	return forms, nil
}

// forPayors reads a questionnaire and tells whether it is for those who pay: its contexts of use that name an organization name one of
// them, or it has none such.
func (p *packager) forPayors(f *packed) (bool, error) {
	root, done, err := p.parse(f.version.Body)
	if err != nil {
		return false, err
	}
	defer done()
	f.read(root)
	payors, named, ours := p.asked.payors(), false, false
	for _, use := range root.Field("useContext").Elements() {
		if ref := use.Field("valueReference").Field("reference").Text(); ref != "" {
			named, ours = true, ours || payors[p.asked.relative(ref)]
		}
	}
	return !named || ours, nil
}
