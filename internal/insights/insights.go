// SPDX-License-Identifier: Apache-2.0

// Package insights turns a patient's record into a pre-visit summary whose every sentence says what it rests on.
//
// Words. A record is the patient's FHIR resources and the documents that came with them. A fact is one clinical truth with
// its evidence (insights/facts). Files are what a job leaves below its output path (insights/render, insights/ips).
//
// Invariants:
//
//	N1: The same Input gives the same bytes, as long as no model is used.
//	N2: Nothing is read but Input, and nothing leaves the process but what a configured model is asked.
//	N3: No error and no problem holds patient data.
package insights

import (
	"time"
)

// Input is what a summary is made from.
type Input struct {
	Request
	Resources [][]byte   // FHIR R4 resources as JSON; a Bundle stands for its entries. They must not change during the call
	Documents []Document // text of documents, in the order they were found
}

// Request is what is asked for: whose record, for whom, and why.
type Request struct {
	JobID     string    // named in the output
	Patient   string    // id of the Patient resource
	BirthDate string    // YYYY-MM-DD as the caller knows it, or empty; one that contradicts the record fails
	Pronouns  string    // HE_HIM, SHE_HER, THEY_THEM, or empty: then by the record's gender
	Reason    string    // why the patient comes; steers what leads
	Role      string    // CLINICIAN
	Specialty string    // PRIMARY_CARE, or empty
	Server    string    // base URL of the FHIR server that the record came from, for full URLs; may be empty
	Now       time.Time // when the summary is made: ages and what is due are counted to it, and nothing later is shown
}

// Document is the text of a document that came beside the resources.
type Document struct {
	Name      string // how people know it: the last part of its URI, or its title
	Reference string // evidence for what is said of it: DocumentReference/id, or its URI
	Date      string // FHIR date or dateTime, or empty
	Text      string // plain text
}

// File is one output, to be stored below the job's output path under its name.
type File struct {
	Name        string // "summary.json"
	ContentType string
	Body        []byte
}

// Output is a finished summary.
type Output struct {
	Files    []File   // summary.json first; then summary.md, summary.html, facts.json, ips.json
	Problems []string // what could not be read or used, for statusDetails
}
