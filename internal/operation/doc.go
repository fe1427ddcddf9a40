// SPDX-License-Identifier: Apache-2.0

// Package operation carries out FHIR operations: the names with a dollar sign.
//
// Table lists them, a row each: where it can be called, its parameters, and the function that serves it. What refuses calls, what
// the CapabilityStatement advertises and the OperationDefinitions that are served are all made from that table: what is not in it
// is not there. To add an operation, write a file with its function and its row, and name the row in Table.
//
// However a call comes in (parameters in the URL, a Parameters resource, a resource on its own), a function sees one form: Call, with
// the input as Parameters. It answers with a Reply, whose body is a resource.
//
// Functions work through interaction.Service, as the caller and with the caller's rights, never past it.
package operation
