// SPDX-License-Identifier: Apache-2.0

// Package compartment finds what belongs to a patient, an encounter or the members of a group: for $everything, for exports and
// for purges.
//
// What is found is a Set: numbers of versions (package record), all current at the view they were asked of. It holds no bodies, so
// it stays small whatever belongs to a patient.
//
// C1: Referenced never leads from one patient to another: of the types that can be in the Patient compartment it adds only what it
// is given as allowed.
//
// All functions may be called from any goroutine. http://hl7.org/fhir/R4/compartmentdefinition.html
package compartment
