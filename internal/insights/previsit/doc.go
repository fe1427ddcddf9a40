// SPDX-License-Identifier: Apache-2.0

// Package previsit runs the jobs that make pre-visit summaries: it gathers a patient's record, has it summarised, and stores
// what came out below the output path, in <job>/<patient>/, summary.json last.
//
// Invariants:
//
//	V1  A job that Start answered is done, sooner or later; with the same client token it is started once.
//	V2  A job ends Done with all its files stored, or Failed with none.
//	V3  The access token of a FHIR server is stored sealed, opened only while the job runs, and never shown.
//	V4  Why a job failed is a sentence for the one who started it, without patient data.
//
// A Service may be used by any number of goroutines.
package previsit
