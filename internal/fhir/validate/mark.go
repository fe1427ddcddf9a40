// SPDX-License-Identifier: Apache-2.0

package validate

import "galen/internal/fhir"

// IssueExtension is the url of the extension that a resource stored in spite of findings carries: its valueString is an
// OperationOutcome as JSON text.
const IssueExtension = "http://healthlake.amazonaws.com/fhir/StructureDefinition/validation-issue"

// Mark appends the resource with an IssueExtension that holds the findings. An extension array that it has gets one more;
// one that is no array, and resources that cannot have extensions (Bundle, Binary, Parameters), are left as they are.
func Mark(dst []byte, resource fhir.Node, findings []Finding) []byte {
	raw := resource.Raw()
	has := resource.Field("extension")
	switch resource.Field("resourceType").Text() {
	case "Bundle", "Binary", "Parameters":
		return append(dst, raw...)
	}
	if has.Ok() && has.Kind() != fhir.Array || !resource.First().Ok() {
		return append(dst, raw...)
	}
	issue := append([]byte(`{"url":"`+IssueExtension+`","valueString":`), fhir.AppendString(nil, string(fhir.AppendOutcome(nil, Issues(findings)...)))...)
	issue = append(issue, '}')
	start := resource.Offset()
	if !has.Ok() {
		end := len(raw) - 1 // the closing brace
		dst = append(dst, raw[:end]...)
		dst = append(append(dst, `,"extension":[`...), issue...)
		return append(append(dst, ']'), raw[end:]...)
	}
	end := has.End() - start - 1 // the closing bracket
	dst = append(dst, raw[:end]...)
	if has.Len() > 0 {
		dst = append(dst, ',')
	}
	return append(append(dst, issue...), raw[end:]...)
}
