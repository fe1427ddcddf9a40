// SPDX-License-Identifier: Apache-2.0

// Package drugs mends names of drugs that a speech recogniser misheard.
//
// A recogniser that does not know a name writes what sounds like it: "furosamide", "card ventilil", "met for men". Correct looks for words that
// sound like one name and are not English, or that stand where a drug is named and sound almost exactly like it. It would rather leave a name wrong than
// change a word that is right:
//
//	D1  what is a name of a drug, or English words outside of such a place, is never changed;
//	D2  nothing is changed that sounds like two names about as much;
//	D3  what was heard is kept beside what it was changed to.
//
// The names are those of MedlinePlus, and those that With adds. A Lexicon does not change and is safe for concurrent use.
package drugs

//go:generate go run galen/internal/scribe/drugs/gen -names ../../../../shared/data/clinical/codes/drugs_dictionary_medlineplus.csv -words /usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict ../../../../shared/data/clinical/codes/icd10cm-order-Jan-2021.txt.gz ../../../../shared/data/clinical/mts-dialog/MTS-Dialog-TrainingSet.csv ../../../../shared/data/clinical/aci-bench/train.csv
