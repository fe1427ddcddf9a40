// SPDX-License-Identifier: Apache-2.0

// Package icd10 finds the ICD-10-CM codes of a clinical note, by rules: no model, the same note gives the same codes.
//
// An Index is made of the code system's own titles and of a list of what clinicians call things (synonyms.txt), which names titles, not codes,
// so that it goes with every year's release. A condition is named by words that stand together, in any order: "right knee pain" is "Pain in right
// knee". What a note names is coded if it says that the patient has it: not what is denied, possible, feared or the family's, and of what was once
// only what lasts for life. Symptoms are coded where nothing explains them.
//
// What is not coded: Z codes, external causes, pregnancy and newborns, poisonings and complications of care, encounters after the first of an injury.
// Of the classification's instructions the order file has none (Excludes1, Code first, Use additional code); the few that matter most
// are rules here (combine.go).
//
// docs/wire/coding.md says how confidence is reckoned. An Index is safe for concurrent use.
package icd10
