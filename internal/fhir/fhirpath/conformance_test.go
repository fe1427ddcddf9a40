// SPDX-License-Identifier: Apache-2.0

package fhirpath_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// writeConformance replaces the section FHIRPath of the file.
func writeConformance(t *testing.T, path string, passed, all int, lines []string) {
	const begin, end = "<!-- fhirpath: go test ./internal/fhir/fhirpath -run TestSuite -update -->\n", "<!-- /fhirpath -->\n"
	old, err := os.ReadFile(path)
	if err != nil {
		old = []byte("# Conformance\n\n")
	}
	before, rest, _ := strings.Cut(string(old), begin)
	_, after, _ := strings.Cut(rest, end)
	section := fmt.Sprintf("## FHIRPath\n\nThe official R4 suite: %d of %d tests pass.\n", passed, all)
	if len(lines) > 0 {
		section += "\nThose that do not:\n\n| test | expression | what differs | why the suite is wrong |\n| --- | --- | --- | --- |\n" + strings.Join(lines, "\n") + "\n"
	}
	if err := os.WriteFile(path, []byte(before+begin+section+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
