// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"galen/internal/insights/document"
)

const (
	pdfTextCommand = "pdf-text"
	documentMemory = 2 << 30 // bytes of address space that reading one document may take
	pdfText        = 2 << 20 // bytes of text that it may give
)

// newPDFTextCommand is the child process that reads a PDF: the server starts it for each, so that a file that makes its
// reader take all memory or never end hurts nobody.
func newPDFTextCommand() *cobra.Command {
	return &cobra.Command{
		Use:    pdfTextCommand,
		Short:  "Write the text of the PDF file on standard input",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			debug.SetMemoryLimit(documentMemory / 2)
			if err := limitMemory(documentMemory); err != nil {
				return err
			}
			info, err := os.Stdin.Stat()
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() {
				return errors.New("standard input must be a file")
			}
			err = document.PDFText(c.OutOrStdout(), os.Stdin, info.Size(), pdfText)
			if errors.Is(err, document.ErrPassword) {
				os.Exit(document.PasswordExit)
			}
			return err
		},
	}
}
