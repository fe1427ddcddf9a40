// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// usageError is an error in how a command was called.
type usageError struct{ error }

// noArgs refuses arguments, as a mistake in usage.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("there is no command or argument %q for %q", args[0], c.CommandPath())}
	}
	return nil
}

// wants asks for at least least arguments and, unless most is 0, at most most; what they are and an example stand in the error.
func wants(least, most int, what, example string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError{fmt.Errorf("%s needs %s, such as: %s", c.CommandPath(), what, example)}
		case most > 0 && len(args) > most:
			return usageError{fmt.Errorf("%s takes %s: %q is one too many", c.CommandPath(), what, args[most])}
		}
		return nil
	}
}
