// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// maxJava bounds how long the official validator may take, with what Maven fetches.
const maxJava = 4 * time.Minute

// wantAgreement is the least share of resources on which both say the same: has errors, or has none.
const wantAgreement = 0.95

// TestJavaValidator lets HL7's own validator and galen judge the same 500 resources against base R4: records of made-up patients,
// the official examples, and both with one mistake put in. Kinds of disagreement are explained in docs/conformance.md.
func TestJavaValidator(t *testing.T) {
	if os.Getenv("GALEN_BIN") == "" {
		t.Skip("GALEN_BIN does not name a galen binary: make e2e does")
	}
	for _, tool := range []string{"mvn", "javac", "java"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("there is no %s: the official validator is not compared with", tool)
		}
	}
	list := comparedResources(t)
	ctx, cancel := context.WithTimeout(t.Context(), maxJava)
	defer cancel()
	java, galen := javaVerdicts(ctx, t, list), galenVerdicts(t, list)
	same, wrong := 0, 0
	kinds := map[string][]string{}
	for i, r := range list {
		if len(java[i]) > 0 {
			wrong++
		}
		if (len(java[i]) > 0) == (len(galen[i]) > 0) {
			same++
			continue
		}
		kind, found := "only galen: ", galen[i]
		if len(java[i]) > 0 {
			kind, found = "only Java: ", java[i]
		}
		kind += kindOf(found)
		kinds[kind] = append(kinds[kind], r.name)
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		t.Logf("%3d %s (%s)", len(kinds[kind]), kind, kinds[kind][0])
	}
	t.Logf("%d resources, %d of them with errors by Java: %d verdicts agree (%.1f %%)", len(list), wrong, same, 100*float64(same)/float64(len(list)))
	if float64(same) < wantAgreement*float64(len(list)) {
		t.Errorf("fewer than %.0f %% of the verdicts agree", 100*wantAgreement)
	}
}

// compared is a resource that both judge.
type compared struct {
	name string // Type/id, and what was changed
	text []byte
}

// comparedResources takes 150 resources of made-up patients and 150 examples, evenly over their types, and 200 mutants of those.
func comparedResources(t *testing.T) []compared {
	t.Helper()
	list := append(sampled(t, "synthea-10", 150), sampled(t, "r4-examples", 150)...)
	random := rand.New(rand.NewPCG(4, 1))
	for originals := list[:len(list):len(list)]; len(list) < 500; {
		r := originals[random.IntN(len(originals))]
		text, what := mutant(t, r.text, random)
		list = append(list, compared{r.name + " " + what, text})
	}
	return list
}

// sampled takes count resources of a folder of NDJSON files, the same number of each file as far as it has them.
func sampled(t *testing.T, folder string, count int) []compared {
	t.Helper()
	dir, err := filepath.Abs("../../shared/data/" + folder)
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	if len(files) == 0 {
		t.Skipf("%s is not here", dir)
	}
	var lines [][][]byte
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, bytes.Split(bytes.TrimSpace(text), []byte("\n")))
	}
	var list []compared
	for i := 0; len(list) < count; i++ {
		before := len(list)
		for _, of := range lines {
			if i < len(of) && len(list) < count && len(of[i]) < 100_000 {
				list = append(list, bare(t, of[i]))
			}
		}
		if i > 10_000 && before == len(list) {
			t.Fatalf("%s has fewer than %d resources", dir, count)
		}
	}
	return list
}

// bare is a resource without meta.profile: both judge by base R4.
func bare(t *testing.T, text []byte) compared {
	t.Helper()
	r := parsed(t, text)
	if meta, ok := r["meta"].(map[string]any); ok {
		delete(meta, "profile")
		if len(meta) == 0 {
			delete(r, "meta")
		}
	}
	return compared{fmt.Sprintf("%v/%v", r["resourceType"], r["id"]), marshal(t, r)}
}

func parsed(t *testing.T, text []byte) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var r map[string]any
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

// mutant makes one change somewhere in a resource: a member left out, renamed or of another value.
func mutant(t *testing.T, text []byte, random *rand.Rand) (changed []byte, what string) {
	t.Helper()
	r := parsed(t, text)
	at := r
	for path := ""; ; {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(at)) {
			if name != "resourceType" && name != "text" && name != "contained" {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return marshal(t, r), "as it is"
		}
		name := names[random.IntN(len(names))]
		path += "." + name
		inner := at[name]
		if items, ok := inner.([]any); ok && len(items) > 0 {
			inner = items[random.IntN(len(items))]
		}
		if below, ok := inner.(map[string]any); ok && len(below) > 0 && random.IntN(3) > 0 {
			at = below
			continue
		}
		what = change(at, name, random) + " " + path[1:]
		return marshal(t, r), what
	}
}

// change makes one of the mutator's changes to a member.
func change(at map[string]any, name string, random *rand.Rand) string {
	value := at[name]
	switch random.IntN(6) {
	case 0:
		delete(at, name)
		return "without"
	case 1:
		delete(at, name)
		at[name+"X"] = value
		return "renamed"
	case 2:
		at[name] = "not a right value"
		return "text for"
	case 3:
		at[name] = map[string]any{"unknown": true}
		return "object for"
	case 4:
		at[name] = []any{value, value}
		return "twice"
	}
	at[name] = json.Number("17")
	return "17 for"
}

// javaVerdicts gives the errors that HL7's validator finds in each resource.
func javaVerdicts(ctx context.Context, t *testing.T, list []compared) [][]string {
	t.Helper()
	dir := t.TempDir()
	run := func(name string, args ...string) ([]byte, error) {
		c := exec.CommandContext(ctx, name, args...)
		var failed bytes.Buffer
		c.Stderr = &failed
		out, err := c.Output()
		if err != nil {
			err = fmt.Errorf("%s: %w: %.2000s%.2000s", name, err, failed.Bytes(), out)
		}
		return out, err
	}
	libraries := filepath.Join(dir, "libraries")
	if out, err := run("mvn", "-q", "-B", "-f", "java/pom.xml", "dependency:copy-dependencies", "-DoutputDirectory="+libraries); err != nil {
		t.Skipf("Maven cannot have the official validator: %v %s", err, out)
	}
	input := filepath.Join(dir, "resources.ndjson")
	var lines bytes.Buffer
	for _, r := range list {
		lines.Write(r.text)
		lines.WriteByte('\n')
	}
	if err := os.WriteFile(input, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run("javac", "-cp", libraries+"/*", "-d", dir, "java/src/main/java/Verdicts.java"); err != nil {
		t.Fatal(err)
	}
	out, err := run("java", "-Xmx2g", "-cp", dir+":"+libraries+"/*", "Verdicts", input)
	if ctx.Err() != nil {
		t.Skipf("the official validator takes longer than %v here", maxJava)
	}
	if err != nil {
		t.Fatal(err)
	}
	var verdicts [][]string
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		parts := strings.Split(line, "\t")
		if _, err := strconv.Atoi(parts[0]); err != nil {
			t.Fatalf("the line %.200q is no verdict", line)
		}
		verdicts = append(verdicts, parts[1:])
	}
	if len(verdicts) != len(list) {
		t.Fatalf("got %d verdicts, want %d", len(verdicts), len(list))
	}
	return verdicts
}

// galenVerdicts gives the errors that galen validate finds in each resource.
func galenVerdicts(t *testing.T, list []compared) [][]string {
	t.Helper()
	dir := t.TempDir()
	args := []string{"validate", "--json", "--data", dir}
	number := map[string]int{}
	for i, r := range list {
		name := filepath.Join(dir, strconv.Itoa(i)+".json")
		number[name] = i
		if err := os.WriteFile(name, r.text, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	out, err := exec.CommandContext(t.Context(), os.Getenv("GALEN_BIN"), args...).Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	var findings []struct{ File, Severity, Expression, Text string }
	if err := json.Unmarshal(out, &findings); err != nil {
		t.Fatal(err)
	}
	verdicts := make([][]string, len(list))
	for _, f := range findings {
		if f.Severity == "error" || f.Severity == "fatal" {
			i := number[f.File]
			verdicts[i] = append(verdicts[i], f.Expression+": "+f.Text)
		}
	}
	return verdicts
}

var detail = regexp.MustCompile(`\[[0-9]+\]|'[^']*'|"[^"]*"|\([^)]*\)|[0-9]+`)

// kindOf is the first error, without what differs from resource to resource.
func kindOf(errors []string) string {
	text := detail.ReplaceAllString(errors[0], "")
	return text[:min(len(text), 160)]
}
