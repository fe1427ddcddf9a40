// SPDX-License-Identifier: Apache-2.0

// Package load reads code systems from the files that they are distributed as: LOINC, SNOMED CT, RxNorm, ICD-10-CM, CVX. None
// of them comes with galen; whoever imports one has the licence for it.
//
// Readers are read once, front to back, in time linear in their size and with memory for the result and an index; they are
// not closed. Every failure is a fault.Invalid that names the file's line, or fault.TooLarge.
package load
