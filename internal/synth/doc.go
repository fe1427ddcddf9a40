// SPDX-License-Identifier: Apache-2.0

// Package synth makes up patients with the whole of their medical records, as FHIR R4. Nobody of them is or was: names,
// places and illnesses are drawn from public figures, and every resource says in meta.tag that it is test data.
//
// What happens to a person is said by modules (package module): the project's own, in the folder modules, or others.
//
// Invariants:
//
//	S1: The same Options give the same bytes in the same order, on every machine and with any number of processors.
//	S2: Every reference of a resource is to a resource given, so that a run loaded whole has no dangling ones.
//	S3: Memory does not grow with the number of patients.
package synth
