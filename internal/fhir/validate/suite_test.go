// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/pack"
	"galen/internal/fhir/validate"
	"galen/internal/fhir/xml"
)

var update = flag.Bool("update", false, "write the counts to docs/conformance.md and the disagreements to testdata/suite.txt")

// suiteCase is a case of the manifest, or its profile part.
type suiteCase struct {
	Name, File, Version, Module, Source string
	Use                                 *bool `json:"use-test"`
	Examples                            *bool
	Domain                              json.RawMessage `json:"allowed-extension-domain"`
	Supporting, Profiles, Packages      []string
	Java                                json.RawMessage
	Profile                             *suiteCase
}

// otherModules are those whose cases are not about whether a FHIR resource is valid by R4 and profiles that are at hand.
var otherModules = map[string]string{
	"tx": "needs a terminology server", "tx-advanced": "needs a terminology server", "cda": "CDA", "cdshooks": "CDS Hooks", "shc": "SMART Health Cards",
	"json5": "JSON 5", "logical": "logical models", "matchetype": "compares with a pattern", "dsig": "signatures", "xver": "extensions of other releases",
	"scoring": "scores", "security": "options of that validator", "api": "its API", "versions": "other releases",
	"package-versioning": "which version a package's own dependency means",
}

// suite is what the cases share.
type suite struct {
	folder   string
	packages map[string]*pack.Package
	files    map[string][]pack.Resource
}

func openSuite(t *testing.T) (*suite, []map[string]json.RawMessage) {
	s := &suite{folder: filepath.Join(moduleRoot(t), "../shared/suites/validator"), packages: map[string]*pack.Package{}, files: map[string][]pack.Resource{}}
	src, err := os.ReadFile(filepath.Join(s.folder, "manifest.json"))
	if err != nil {
		t.Skip("the official validator suite is not there")
	}
	var manifest struct {
		Cases []map[string]json.RawMessage `json:"test-cases"`
	}
	if err := json.Unmarshal(src, &manifest); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(moduleRoot(t), "../shared/packages/*.tgz"))
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pack.Read(f)
		f.Close()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s.packages[p.ID()] = p
	}
	return s, manifest.Cases
}

// read gives a file of the suite as JSON.
func (s *suite) read(name string) ([]byte, error) {
	src, err := os.ReadFile(filepath.Join(s.folder, name))
	if err != nil || !strings.HasSuffix(name, ".xml") {
		return src, err
	}
	d, err := xml.Decode(src, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	if err := d.Err(); err != nil {
		return d.JSON, err
	}
	return d.JSON, nil
}

// supporting gives the definitions of a file, those within a Bundle each.
func (s *suite) supporting(name string) []pack.Resource {
	if list, ok := s.files[name]; ok {
		return list
	}
	var list []pack.Resource
	src, _ := s.read(name)
	var tape fhir.Tape
	if tape.Parse(src, fhir.Limits{}) == nil {
		add := func(n fhir.Node) {
			text := slices.Clone(n.Raw())
			list = append(list, pack.Resource{Type: strings.Clone(fhir.Type(n)), URL: strings.Clone(n.Field("url").Text()), Version: strings.Clone(n.Field("version").Text()), JSON: text})
		}
		if root := tape.Root(); fhir.Type(root) == "Bundle" {
			for _, e := range root.Field("entry").Elements() {
				add(e.Field("resource"))
			}
		} else {
			add(root)
		}
	}
	s.files[name] = list
	return list
}

// expected reports whether an outcome has errors, and the first of them. left says why the case is left out; empty if it is not.
func (s *suite) expected(java json.RawMessage) (failed bool, left, text string, ok bool) {
	var name string
	if json.Unmarshal(java, &name) == nil {
		var err error
		if java, err = os.ReadFile(filepath.Join(s.folder, "outcomes", name)); err != nil {
			return false, "", "", false
		}
	}
	var outcome struct {
		ResourceType string
		ErrorCount   *int
		Issue        []struct {
			Severity  string
			Details   struct{ Text string }
			Extension []struct{ URL string }
		}
		Outcome json.RawMessage
	}
	if json.Unmarshal(java, &outcome) != nil {
		return false, "", "", false
	}
	if outcome.Outcome != nil {
		return s.expected(outcome.Outcome)
	}
	if outcome.ResourceType == "" {
		return outcome.ErrorCount != nil && *outcome.ErrorCount > 0, "", "", outcome.ErrorCount != nil
	}
	tx, pack := true, true
	for _, i := range outcome.Issue {
		if i.Severity != "error" && i.Severity != "fatal" {
			continue
		}
		server := false
		for _, e := range i.Extension {
			server = server || strings.HasSuffix(e.URL, "operationoutcome-issue-server")
		}
		pack = pack && strings.Contains(i.Details.Text, "5.3.0-ballot") // of hl7.fhir.uv.extensions
		if tx = tx && server; !failed || !server {
			text = i.Details.Text
		}
		failed = true
	}
	switch {
	case failed && tx:
		left = "every error expected is a terminology server's"
	case failed && pack:
		left = "every error expected is a definition's of hl7.fhir.uv.extensions, which is not at hand"
	}
	return failed, left, text, true
}

// left says why a case is left out; empty if it is not.
func (s *suite) left(c *suiteCase, fields map[string]json.RawMessage) string {
	switch {
	case c.Use != nil && !*c.Use:
		return "not in use by the suite"
	case otherModules[c.Module] != "":
		return "module: " + otherModules[c.Module]
	case !strings.HasSuffix(c.File, ".json") && !strings.HasSuffix(c.File, ".xml"):
		return "neither JSON nor XML"
	}
	if _, err := os.Stat(filepath.Join(s.folder, c.File)); err != nil {
		return "its file is not in the suite"
	}
	for _, option := range [...]string{"logical", "security-checks", "for-publication", "advisor", "certificate", "new-xver-mode", "supporting5", "best-practice",
		"validateContains", "assumeValidRestReferences",
		"generate-shapshot", "no-experimental-content", "noHtmlInMarkdown", "fhir-validator-cli-options", "ips", "package-map", "bundle-param", "enforceAggregationOutsideBundles"} {
		if fields[option] != nil {
			return "options of that validator"
		}
	}
	if c.Examples != nil && !*c.Examples {
		return "options of that validator" // refuses example.org
	}
	if fields["validateReference"] != nil {
		return "follows references out of the resource"
	}
	list := c.Packages
	if c.Profile != nil {
		list = append(slices.Clone(list), c.Profile.Packages...)
	}
	for _, p := range list {
		if s.packages[p] == nil {
			return "packages that are not at hand"
		}
	}
	return ""
}

// domains lists those whose extensions may be used though they are not installed.
func (c *suiteCase) domains() (list []string) {
	defer func() { list = append(list, "http://example.org/", "http://acme.") }() // its examples
	var one string
	if json.Unmarshal(c.Domain, &one) == nil && one != "" {
		return []string{one}
	}
	_ = json.Unmarshal(c.Domain, &list)
	return list
}

// run validates a case; profile is nil for the base check.
func (s *suite) run(c, profile *suiteCase) (failed bool, text string) {
	src, err := s.read(c.File)
	if err != nil {
		return true, err.Error()
	}
	var tape fhir.Tape
	if err := tape.Parse(src, fhir.Limits{}); err != nil {
		return true, err.Error()
	}
	own := &pack.Package{Name: "suite", Version: "1"}
	list := append(slices.Clone(c.Supporting), c.Profiles...)
	packages := []*pack.Package{own}
	for _, p := range c.Packages {
		packages = append(packages, s.packages[p])
	}
	var url []string
	if profile != nil {
		list = append(append(list, profile.Supporting...), profile.Profiles...)
		url = []string{profile.Source}
		if !strings.HasPrefix(profile.Source, "http") {
			list = append(list, profile.Source)
			if r := s.supporting(profile.Source); len(r) > 0 {
				url[0] = r[0].URL
			}
		}
	}
	for _, name := range list {
		own.Resources = append(own.Resources, s.supporting(name)...)
	}
	p := validate.NewProfiles(def.R4(), pack.NewSet(packages), nil).With(validate.Rules{KnownExtensions: true, Domains: c.domains(), Displays: true, Global: true})
	v := validate.NewWithProfiles(def.R4(), p)
	found := v.Resource(tape.Root(), validate.Strict)
	if url != nil {
		found = append(found, p.Check(tape.Root(), validate.Strict, url...)...)
	}
	for _, f := range found {
		missing := f.Code == validate.NotSupported && strings.Contains(f.Text, "is not installed") // a warning to the suite
		if (f.Severity == fhir.Error || f.Severity == fhir.Fatal) && !missing {
			return true, f.Expression + ": " + f.Text
		}
	}
	return false, ""
}

func TestSuite(t *testing.T) {
	s, cases := openSuite(t)
	known := readDisagreements(t)
	var result suiteResult
	times := map[string]int{}
	result.left = map[string]int{}
	for _, fields := range cases {
		text, _ := json.Marshal(fields)
		var c suiteCase
		if json.Unmarshal(text, &c) != nil {
			delete(fields, "profiles")
			text, _ = json.Marshal(fields)
			if err := json.Unmarshal(text, &c); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.HasPrefix(c.Version, "4.0") {
			continue
		}
		if times[c.Name]++; times[c.Name] > 1 { // the suite has two of some names
			c.Name = fmt.Sprintf("%s (%d)", c.Name, times[c.Name])
		}
		if why := s.left(&c, fields); why != "" {
			result.left[why]++
			continue
		}
		for _, part := range [...]*suiteCase{&c, c.Profile} {
			if part == nil {
				continue
			}
			name, profile := c.Name, part
			if part == &c {
				profile = nil
			} else {
				name += " (profile)"
			}
			failed, left, why, ok := s.expected(part.Java)
			switch {
			case !ok:
				result.left["no outcome in the suite"]++
				continue
			case left != "":
				result.left[left]++
				continue
			}
			result.all++
			got, finding := s.run(&c, profile)
			if got == failed {
				result.right++
				if known[name] != "" && !*update {
					t.Logf("%s agrees now: run with -update", name)
				}
				continue
			}
			reason := known[name]
			if reason == "" && failed {
				reason = "not found: " + clip(why)
			} else if reason == "" {
				reason = "found here alone: " + clip(finding)
			}
			result.lines = append(result.lines, name+"\t"+reason)
			t.Logf("%s: want errors %v: %s | %s", name, failed, clip(why), clip(finding))
			if known[name] == "" && !*update {
				t.Errorf("%s: got errors %v, want %v: %s%s", name, got, failed, finding, why)
			}
		}
	}
	t.Logf("validator suite: %d of %d verdicts as expected (%.1f %%); left out: %v", result.right, result.all, 100*float64(result.right)/float64(result.all), result.left)
	if *update {
		result.write(t)
	}
}

func clip(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 180 {
		s = string(r[:180]) + "…"
	}
	return s
}

// suiteResult is what docs/conformance.md says of the suite.
type suiteResult struct {
	right, all int
	left       map[string]int
	lines      []string // name, tab, reason
}

const disagreements = "testdata/suite.txt"

// readDisagreements gives the reasons of the cases that are known to differ.
func readDisagreements(t *testing.T) map[string]string {
	known := map[string]string{}
	src, err := os.ReadFile(disagreements)
	if err != nil && !*update {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(src)) {
		if name, reason, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
			known[name] = reason
		}
	}
	return known
}

// write keeps the file of disagreements and the section of docs/conformance.md.
func (r *suiteResult) write(t *testing.T) {
	slices.Sort(r.lines)
	if err := os.WriteFile(disagreements, []byte(strings.Join(r.lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "## Validator\n\nThe official validator suite, the cases for R4: %d of %d verdicts (errors or none) are as expected (%.1f %%). That a profile is not\ninstalled is an error here and a warning there; it is not counted.\n\nLeft out, by rule:\n\n| rule | cases |\n| --- | --- |\n",
		r.right, r.all, 100*float64(r.right)/float64(r.all))
	var rules []string
	for why := range r.left {
		rules = append(rules, why)
	}
	slices.Sort(rules)
	for _, why := range rules {
		fmt.Fprintf(&b, "| %s | %d |\n", why, r.left[why])
	}
	b.WriteString("\nVerdicts that differ:\n\n| case | reason |\n| --- | --- |\n")
	for _, line := range r.lines {
		name, reason, _ := strings.Cut(line, "\t")
		fmt.Fprintf(&b, "| %s | %s |\n", name, strings.ReplaceAll(strings.ReplaceAll(reason, "|", "\\|"), "<", "&lt;"))
	}
	writeSection(t, b.String())
}

// writeSection replaces the validator's section of docs/conformance.md.
func writeSection(t *testing.T, section string) {
	const begin, end = "<!-- validator: go test ./internal/fhir/validate -run TestSuite -update -->\n", "<!-- /validator -->\n"
	path := filepath.Join(moduleRoot(t), "docs/conformance.md")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, after, _ := strings.Cut(rest, end)
	if !found {
		before += "\n"
	}
	if err := os.WriteFile(path, []byte(before+begin+section+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

func moduleRoot(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
