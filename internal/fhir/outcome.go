// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strconv"
	"unicode/utf8"

	"galen/internal/fault"
)

// Severity of an issue.
//
// http://hl7.org/fhir/R4/valueset-issue-severity.html
type Severity string

// The severities.
const (
	Fatal       Severity = "fatal"
	Error       Severity = "error"
	Warning     Severity = "warning"
	Information Severity = "information"
)

// Issue is one issue of an OperationOutcome.
type Issue struct {
	Severity    Severity // Error if empty
	Code        string   // issue type; "processing" if empty
	Diagnostics string   // left out if empty
	Expression  string   // FHIRPath of the element, left out if empty

	// Line and Column are where the issue is in the source, from 1; 0 leaves them out.
	Line, Column int
}

// IssueType is the OperationOutcome issue type of a kind of fault.
//
// http://hl7.org/fhir/R4/valueset-issue-type.html
func IssueType(k fault.Kind) string {
	switch k {
	case fault.Invalid:
		return "invalid"
	case fault.Unprocessable, fault.Precondition:
		return "business-rule"
	case fault.NotFound:
		return "not-found"
	case fault.Gone:
		return "deleted"
	case fault.Conflict:
		return "conflict"
	case fault.Unauthenticated:
		return "login"
	case fault.Forbidden:
		return "forbidden"
	case fault.Throttled:
		return "throttled"
	case fault.TooLarge:
		return "too-long"
	case fault.TooCostly:
		return "too-costly"
	case fault.Unsupported:
		return "not-supported"
	case fault.Unavailable:
		return "transient"
	}
	return "exception"
}

// IssueOf is the issue of one fault: its Code, or else the issue type of its kind, its text and its path.
func IssueOf(f *fault.Fault) Issue {
	issue := Issue{Severity: Error, Code: f.Code, Diagnostics: f.Text, Expression: f.Path}
	if issue.Code == "" {
		issue.Code = IssueType(f.Kind)
	}
	if f.Kind == fault.Internal {
		issue.Severity = Fatal
	}
	return issue
}

// AppendOutcome appends an OperationOutcome with those issues to dst. Without an issue it says that all is well.
//
// http://hl7.org/fhir/R4/operationoutcome.html
func AppendOutcome(dst []byte, issues ...Issue) []byte {
	if len(issues) == 0 {
		issues = []Issue{{Severity: Information, Code: "informational", Diagnostics: "All OK"}}
	}
	dst = append(dst, `{"resourceType":"OperationOutcome","issue":[`...)
	for i, issue := range issues {
		if i > 0 {
			dst = append(dst, ',')
		}
		if issue.Severity == "" {
			issue.Severity = Error
		}
		if issue.Code == "" {
			issue.Code = "processing"
		}
		dst = append(dst, '{')
		if issue.Line > 0 {
			dst = appendPlace(dst, issue)
		}
		dst = AppendString(append(dst, `"severity":`...), string(issue.Severity))
		dst = AppendString(append(dst, `,"code":`...), issue.Code)
		if issue.Diagnostics != "" {
			dst = AppendString(append(dst, `,"diagnostics":`...), issue.Diagnostics)
		}
		if issue.Expression != "" {
			dst = AppendString(append(dst, `,"expression":[`...), issue.Expression)
			dst = append(dst, ']')
		}
		dst = append(dst, '}')
	}
	return append(dst, `]}`...)
}

// appendPlace appends the extensions for where an issue is.
func appendPlace(dst []byte, issue Issue) []byte {
	dst = append(dst, `"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-line","valueInteger":`...)
	dst = strconv.AppendInt(dst, int64(issue.Line), 10)
	dst = append(dst, `},{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-col","valueInteger":`...)
	dst = strconv.AppendInt(dst, int64(issue.Column), 10)
	return append(dst, `}],`...)
}

// AppendErrorOutcome appends the OperationOutcome of an error: an issue for each fault in it.
func AppendErrorOutcome(dst []byte, err error) []byte {
	faults := fault.All(err)
	issues := make([]Issue, len(faults))
	for i, f := range faults {
		issues[i] = IssueOf(f)
	}
	return AppendOutcome(dst, issues...)
}

// AppendString appends s as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
func AppendString[T Text](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && n == 1 {
				dst = append(append(dst, s[from:i]...), "\ufffd"...)
				from = i + 1
			}
			i += n
			continue
		}
		dst = appendEscaped(append(dst, s[from:i]...), c)
		i++
		from = i
	}
	return append(append(dst, s[from:]...), '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
