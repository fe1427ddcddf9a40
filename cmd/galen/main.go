// SPDX-License-Identifier: Apache-2.0

// Command galen is an open, self-hosted FHIR R4 server that speaks the wire protocol of Amazon HealthLake.
// `galen --help` lists what it does.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version and commit are set by the linker.
var version, commit = "dev", "none"

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	command, err := newCommand().ExecuteContextC(ctx)
	stop()
	os.Exit(exitCode(command.CommandPath(), err))
}

// exitCode reports the command's error on standard error and gives the code to exit with.
func exitCode(command string, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "galen: %v\nRun %s --help to see what there is.\n", err, command)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "galen: %v\n", err)
	return exitFailed
}

func newCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "galen",
		Short: "A self-hosted health data lake that speaks Amazon HealthLake",
		Long: `galen keeps FHIR R4 resources and serves them to AWS's own clients, unchanged, and to every FHIR client.

  galen serve     start the server in this folder
  galen fhir      send a signed FHIR request to a running server
  galen demo      see the whole of it work on sample data, in a minute, without touching anything

Every flag of serve is also an environment variable (GALEN_LISTEN for --listen) and a key of the file --config.`,
		Version:       version + " (" + commit + ")",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return c.Help()
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	c.AddCommand(newServeCommand(), newFHIRCommand(), newSynthCommand(), newFHIRPathCommand(), newPackageCommand(), newTerminologyCommand(), newValidateCommand(),
		newInsightsCommand(), newDemoCommand(), newBenchCommand(), newModelsCommand(), newScribeCommand(), newPDFTextCommand(), newLimitedCommand())
	return c
}
