// SPDX-License-Identifier: Apache-2.0

// Package document makes plain text of documents: text, HTML, C-CDA, PDF with a text layer, and pictures.
//
// PDFs and pictures are read by programs of their own, each with a limit of time and output, because what such files make a
// reader do cannot be bounded from within: PDFText is meant to run in a child process with a limit of memory.
// Texts are cut at Options.MaxText.
//
// A Reader may be used by any number of goroutines.
package document
