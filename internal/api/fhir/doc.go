// SPDX-License-Identifier: Apache-2.0

// Package fhir is the FHIR R4 API over HTTP: /datastore/{id}/r4/….
//
// It knows paths, headers, status codes and content types, and nothing of what an interaction means: each route calls one
// method of interaction.Service and writes the bytes it gives as they are. routes lists them, and answers 405 with Allow
// come from the same table. Every refusal is an OperationOutcome; errors.go says which kind of fault has which status.
//
// A Handler may be used by any number of goroutines. It relies on the edge that authenticated the request and read its body.
//
// http://hl7.org/fhir/R4/http.html
package fhir
