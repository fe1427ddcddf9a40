// SPDX-License-Identifier: Apache-2.0

// Package gather brings a patient's record together: the resources of a FHIR server, galen's own or any other, and the
// documents and bundles of an object store.
//
// galen's own data stores are read in process, as the caller and with the caller's rights. Any other FHIR R4 server is
// asked over HTTP: $everything, or where that is not offered one search a type of the patient's compartment. Documents are
// what s3Sources name, then what DocumentReferences hold, newest first, ten in all.
//
// Invariants:
//
//	G1  A source that the caller named and that cannot be read fails the gathering; a document that the record mentions and
//	    that cannot be read is left out, and Record.Notes says so.
//	G2  Everything is bounded: bytes of an answer, bytes and number of resources of the record, pages, tries, and time.
//	G3  No connection is made to an address that is private, link-local or this machine's, unless configured, whatever name
//	    led there; nothing is sent to another host than the endpoint's.
//	G4  Errors and notes say what was wrong and where in the request; they hold no patient data, no address and no token.
//	G5  What is about another patient is left out.
//
// A Gatherer may be used by any number of goroutines.
package gather
