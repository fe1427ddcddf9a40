// SPDX-License-Identifier: Apache-2.0

package fhir

import "galen/internal/fault"

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
}

// IssueType is the OperationOutcome issue type of a kind of fault.
//
// http://hl7.org/fhir/R4/valueset-issue-type.html
func IssueType(k fault.Kind) string { panic("todo") }

// IssueOf is the issue of one fault: its Code, or else the issue type of its kind, its text and its path.
func IssueOf(f *fault.Fault) Issue { panic("todo") }

// AppendOutcome appends an OperationOutcome with those issues to dst. Without an issue it says that all is well.
func AppendOutcome(dst []byte, issues ...Issue) []byte { panic("todo") }

// AppendErrorOutcome appends the OperationOutcome of an error: an issue for each fault in it.
func AppendErrorOutcome(dst []byte, err error) []byte { panic("todo") }

// AppendString appends s as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte { panic("todo") }
