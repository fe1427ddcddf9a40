// SPDX-License-Identifier: Apache-2.0

// Package match says how likely it is that two Patient resources are about one person.
//
// Each thing that both say of themselves (identifiers, names, birth date, …) adds evidence for or against, in bits: the logarithm of how
// much more often it agrees, or differs, for one person than for two people by chance. What one of them does not say adds nothing. The sum
// is a likelihood, and that is the score. Some agreements are certain by rule: the same identifier of the same system, if nothing
// else speaks against it.
//
// All functions are pure. http://hl7.org/fhir/R4/patient-operation-match.html
package match
