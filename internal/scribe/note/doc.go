// SPDX-License-Identifier: Apache-2.0

// Package note writes down what was said in a visit: the clinical note in the form of a template, the after-visit summary, and the
// transcript, as files that clients of the original know and as pages for people.
//
// The writer needs no model. It brings what is said into order, makes statements of questions and their answers, tells them in the third person, puts each
// into its part of the note (package section, and what the clinician is doing at the time), and leaves out what says nothing. It adds
// nothing: every word with a clinical meaning stands in the segments that a sentence names as its evidence.
package note
