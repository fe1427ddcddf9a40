// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"galen/internal/api"
)

func newServeCommand() *cobra.Command {
	var cfg config
	var file string
	c := &cobra.Command{
		Use:   "serve",
		Short: "Start the server",
		Long: `Start the server. It is ready when it prints one line on standard output: ready http://HOST:PORT

The first start writes DATA/credentials with a profile [default]. That is all an AWS client needs:

  export AWS_SHARED_CREDENTIALS_FILE=$PWD/galen-data/credentials
  export AWS_ENDPOINT_URL=http://127.0.0.1:8080 AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
  aws healthlake list-fhir-datastores

SIGTERM lets requests under way finish and exits with 0. Jobs go on where they were at the next start.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := loadSettings(c.Flags(), file); err != nil {
				return err
			}
			if err := cfg.check(); err != nil {
				return err
			}
			return serve(c.Context(), cfg, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML file with these settings")
	cfg.flags(c.Flags())
	return c
}

// serve runs a server until ctx ends. It prints the ready line to out and the log to logs.
func serve(ctx context.Context, cfg config, out, logs io.Writer) error {
	room := heapRoom()
	defer runtime.KeepAlive(room)
	h, err := open(ctx, cfg, logs)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.api.Listen(ctx); err != nil {
		if errors.Is(err, api.ErrRemote) {
			err = fmt.Errorf("%w: give --tls-cert and --tls-key, or --allow-remote", err)
		}
		return err
	}
	fmt.Fprintf(out, "ready %s\n", h.api.URL())
	return h.run(ctx, cfg.debugListen)
}

// heapRoom is memory that is never touched and so takes none of the machine's, but that the garbage collector counts: it lets that much
// garbage come together before it looks for it. What a server keeps in Go's heap is some 20 MB, and it was looked through up to
// ten times a second. Who sets GOGC or GOMEMLIMIT knows better.
func heapRoom() []byte {
	const size = 128 << 20
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	return make([]byte, size)
}
