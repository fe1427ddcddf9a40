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

// usageError is an error in how a command was called.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := newCommand().ExecuteContext(ctx)
	stop()
	os.Exit(exitCode(err))
}

// exitCode reports err on standard error, if it has not been, and gives the code to exit with.
func exitCode(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "galen: %v\nRun galen --help to see what there is.\n", err)
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

// noArgs refuses arguments, as a mistake in usage.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("there is no command or argument %q for %q", args[0], c.CommandPath())}
	}
	return nil
}
