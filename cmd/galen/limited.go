// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"syscall"

	"github.com/spf13/cobra"
)

// limitedCommand is the child process that becomes another program, under the limit of memory that reading a document has.
const limitedCommand = "limited"

func newLimitedCommand() *cobra.Command {
	return &cobra.Command{
		Use:                limitedCommand + " PROGRAM [ARGUMENT...]",
		Short:              "Become a program, with a limit of memory",
		Hidden:             true,
		DisableFlagParsing: true,
		Args:               cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := exec.LookPath(args[0])
			if err != nil {
				return err
			}
			if err := limitMemory(documentMemory); err != nil {
				return err
			}
			return syscall.Exec(path, args, os.Environ())
		},
	}
}
