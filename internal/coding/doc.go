// SPDX-License-Identifier: Apache-2.0

// Package coding runs the jobs that find the ICD-10-CM codes of clinical notes, by rules (package icd10), and store them below the output path
// as <job>/medical-codes.json. Procedures are not coded: the names of CPT codes are licensed.
//
// Invariants:
//
//	C1  A job that Start answered is done, sooner or later; with the same client token it is started once.
//	C2  A job ends Done with its file stored, or Failed without it.
//	C3  Why a job failed is a sentence for the one who started it, without patient data.
//
// The classification is one that the operator imported; without it jobs fail and say what to import. A Service may be used by any number of
// goroutines.
package coding
