// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/healthlake"
	"github.com/aws/aws-sdk-go-v2/service/healthlake/types"
	"github.com/spf13/cobra"

	"galen/internal/aws/sigv4"
)

// request is what `galen fhir` was asked to send.
type request struct {
	url     string
	data    string
	store   string
	profile string
	method  string
	path    string
	body    []byte
}

func newFHIRCommand() *cobra.Command {
	q := &request{}
	c := &cobra.Command{
		Use:   "fhir METHOD PATH [FILE]",
		Short: "Send one signed FHIR request to a running server",
		Long: `Send a FHIR request, signed with a key of the server's credentials, and print the answer. PATH is what follows the data
store's address. FILE is the body; - reads it from standard input. The command fails if the answer is not a success.

  galen fhir GET metadata
  galen fhir GET 'Patient?name=smith&_sort=birthdate'
  galen fhir POST Patient patient.json

The data store may be left out if there is just one that is active.`,
		Args: wants(2, 3, "a method, a path and perhaps a file", "galen fhir GET Patient"),
		RunE: func(c *cobra.Command, args []string) error {
			q.method, q.path = strings.ToUpper(args[0]), strings.TrimPrefix(args[1], "/")
			if len(args) == 3 {
				body, err := readInput(args[2], c.InOrStdin())
				if err != nil {
					return err
				}
				q.body = body
			}
			return q.send(c.Context(), c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&q.url, "url", cmp.Or(os.Getenv("AWS_ENDPOINT_URL"), "http://127.0.0.1:8080"), "address of the server")
	c.Flags().StringVar(&q.data, "data", "./galen-data", "the server's data folder, for its credentials; AWS_SHARED_CREDENTIALS_FILE goes before it")
	c.Flags().StringVar(&q.store, "datastore", "", "id of the data store")
	c.Flags().StringVar(&q.profile, "profile", "default", "profile of the credentials")
	return c
}

func readInput(path string, in io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(path)
}

func (q *request) send(ctx context.Context, out io.Writer) error {
	c, err := q.client()
	if err != nil {
		return err
	}
	if q.store == "" {
		if q.store, err = onlyStore(ctx, c); err != nil {
			return err
		}
	}
	status, answer, err := c.fhir(ctx, q.method, q.store, q.path, q.body)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if json.Indent(&pretty, answer, "", "  ") == nil && pretty.Len() > 0 {
		pretty.WriteByte('\n')
		answer = pretty.Bytes()
	}
	if _, err := out.Write(answer); err != nil {
		return err
	}
	if status >= 400 {
		return fmt.Errorf("the server answered %d %s", status, http.StatusText(status))
	}
	return nil
}

// client is a child that somebody else started.
func (q *request) client() (*child, error) {
	path := cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(q.data, "credentials"))
	keys, err := sigv4.OpenCredentials(path, nil)
	if err != nil {
		return nil, fmt.Errorf("the credentials cannot be read: %w (--data names the server's data folder)", err)
	}
	for _, cred := range keys.All() {
		if cred.Profile == q.profile {
			return &child{url: strings.TrimRight(q.url, "/"), cred: cred, http: &http.Client{Timeout: 5 * time.Minute}}, nil
		}
	}
	return nil, fmt.Errorf("%s has no profile %q", path, q.profile)
}

// onlyStore finds the data store if just one is active.
func onlyStore(ctx context.Context, c *child) (string, error) {
	list, err := c.healthlake().ListFHIRDatastores(ctx, &healthlake.ListFHIRDatastoresInput{Filter: &types.DatastoreFilter{DatastoreStatus: types.DatastoreStatusActive}})
	if err != nil {
		return "", err
	}
	if n := len(list.DatastorePropertiesList); n != 1 {
		return "", usageError{fmt.Errorf("there are %d active data stores: say which by --datastore", n)}
	}
	return *list.DatastorePropertiesList[0].DatastoreId, nil
}
