// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
)

// enableExpressions are the extensions by which an item is enabled by an expression on the response: that of Structured Data
// Capture, and the one of Finland's Kanta.
//
// http://hl7.org/fhir/uv/sdc/behavior.html#enableWhenExpression
var enableExpressions = [...]string{
	"http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression",
	"http://phr.kanta.fi/StructureDefinition/fiphr-ext-questionnaire-enablewhen",
}

// maxEnableExpression bounds an expression of a Questionnaire, in bytes.
const maxEnableExpression = 16 << 10

// enabledByExpression evaluates the expression that enables an item. What is no FHIRPath, or cannot be evaluated, enables it.
func (f *form) enabledByExpression(q fhir.Node) bool {
	for _, url := range enableExpressions {
		for _, e := range q.Field("extension").Elements() {
			if e.Field("url").Is(url) && !f.holds(expressionOf(valueOf(e, "value"))) {
				return false
			}
		}
	}
	return true
}

// expressionOf is the FHIRPath of an Expression or a string; empty for other languages.
func expressionOf(v fhir.Node) string {
	if v.Kind() != fhir.Object {
		return v.Text()
	}
	if language := v.Field("language"); language.Ok() && !language.Is("text/fhirpath") {
		return ""
	}
	return v.Field("expression").Text()
}

func (f *form) holds(expression string) bool {
	if expression == "" || len(expression) > maxEnableExpression {
		return true
	}
	program, err := fhirpath.CompileMode(fhirpath.Language, f.p.defs, expression)
	if err != nil {
		return true
	}
	on := fhirpath.Root(f.p.defs, f.response)
	f.evaluator.Env.Root = &on
	result, err := f.evaluator.Evaluate(program, on, on)
	if err != nil {
		return true
	}
	return len(result) > 0 && holds(&result[0])
}
