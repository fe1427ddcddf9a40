// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"galen/internal/scribe/asr/models"
	"galen/internal/scribe/asr/sherpa"
)

func newModelsCommand() *cobra.Command {
	var data, from, sum string
	var asJSON bool
	c := &cobra.Command{
		Use:   "models",
		Short: "List, pull and remove speech models for galen-asr",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&data, "data", "./galen-data", "folder of everything that is kept; models are in its folder models")
	pull := &cobra.Command{Use: "pull NAME", Short: "Fetch a model from where its maker publishes it, and check it", Args: wants(1, 1, "a name, as list gives it", "galen models pull moonshine-tiny-en"),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := models.ByName(args[0])
			if err != nil {
				return usageError{err}
			}
			if m.SHA256 == "" {
				m.SHA256 = sum
			}
			show, done := progress(c.ErrOrStderr(), m)
			if from == "" && m.SHA256 != "" {
				fmt.Fprintf(c.ErrOrStderr(), "Fetching %s\n", m.URL)
			}
			err = models.Pull(c.Context(), http.DefaultClient, modelFolder(data), m, from, show)
			done()
			if err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s is in %s, under the licence %s\n", m.Name, filepath.Join(modelFolder(data), m.Name), m.Licence)
			return nil
		}}
	pull.Flags().StringVar(&from, "from", "", "file of the archive, fetched before, instead of the network")
	pull.Flags().StringVar(&sum, "sha256", "", "SHA-256 of the archive, for models whose hash is not known here")
	list := &cobra.Command{Use: "list", Short: "List the models that there are, and those that are here", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return listModels(c.OutOrStdout(), modelFolder(data), asJSON)
		}}
	list.Flags().BoolVar(&asJSON, "json", false, "print JSON, with addresses and hashes")
	c.AddCommand(pull, list,
		&cobra.Command{Use: "remove NAME", Short: "Remove a model", Args: wants(1, 1, "a name, as list gives it", "galen models remove moonshine-tiny-en"),
			RunE: func(_ *cobra.Command, args []string) error { return models.Remove(modelFolder(data), args[0]) }})
	return c
}

// modelFolder is where models are kept.
func modelFolder(data string) string { return filepath.Join(data, "models") }

// progress tells a person how far a download is; nobody else wants to know. done ends the line.
func progress(out io.Writer, m models.Model) (show func(int64), done func()) {
	if f, ok := out.(*os.File); !ok || !isTerminal(f) {
		return nil, func() {}
	}
	last, of := int64(-1), ""
	if m.Bytes > 0 {
		of = fmt.Sprintf(" of %d", m.Bytes>>20)
	}
	return func(n int64) {
		if mib := n >> 20; mib != last {
			last = mib
			fmt.Fprintf(out, "\r%s: %d%s MiB ", m.Name, mib, of)
		}
	}, func() { fmt.Fprintln(out) }
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// listed is a model as list --json tells of it.
type listed struct {
	Name    string `json:"name"`
	Here    bool   `json:"here"`
	Bytes   int64  `json:"bytes,omitempty"` // of the archive
	Licence string `json:"licence,omitempty"`
	About   string `json:"about"`
	URL     string `json:"url,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
}

// listModels lists the models of the catalogue, and then those that are in the folder besides.
func listModels(out io.Writer, folder string, asJSON bool) error {
	here := map[string]bool{}
	for _, m := range sherpa.Models(folder) {
		here[m.Name] = true
	}
	if sherpa.Detector(folder) != "" {
		here["silero-vad"] = true
	}
	var list []listed
	for _, m := range models.Catalogue() {
		list = append(list, listed{m.Name, here[m.Name], m.Bytes, m.Licence, m.About, m.URL, m.SHA256})
		delete(here, m.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(here)) {
		list = append(list, listed{Name: name, Here: true, About: "put there by hand"})
	}
	if asJSON {
		return json.NewEncoder(out).Encode(list)
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL\tHERE\tDOWNLOAD\tLICENCE\tWHAT IT IS")
	for _, m := range list {
		state, size := "no", ""
		if m.Here {
			state = "yes"
		}
		if m.Bytes > 0 {
			size = fmt.Sprintf("%d MB", (m.Bytes+500_000)/1_000_000)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", m.Name, state, size, m.Licence, m.About)
	}
	return w.Flush()
}
