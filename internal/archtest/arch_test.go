// SPDX-License-Identifier: Apache-2.0

// Package archtest holds the house to its rules: who imports whom (imports.txt), how long files and functions are,
// which modules are linked (deps.txt), and that every file says its licence.
package archtest

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	maxFileLines = 600
	maxFuncLines = 60
)

// rule is one line of imports.txt.
type rule struct {
	name  string
	allow []string
}

// readRules parses imports.txt: package lines in order, and @ lines for packages of other modules.
func readRules(t *testing.T) (inner, outer []rule) {
	t.Helper()
	text, err := os.ReadFile("imports.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#" || strings.HasPrefix(words[0], "#"):
		case strings.HasPrefix(words[0], "@"):
			outer = append(outer, rule{words[0][1:], words[1:]})
		default:
			inner = append(inner, rule{words[0], words[1:]})
		}
	}
	return inner, outer
}

// matches reports whether name is pattern, or below it when pattern ends in "/...".
func matches(pattern, name string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return name == base || strings.HasPrefix(name, base+"/")
	}
	return pattern == name
}

func anyMatches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func goList(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "galen/internal/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func isTestPackage(name string) bool {
	return strings.HasSuffix(filepath.Base(name), "test") && name != "archtest"
}

func TestImportsGoUpTheList(t *testing.T) {
	inner, outer := readRules(t)
	place := map[string]int{}
	for i, r := range inner {
		if _, twice := place[r.name]; twice {
			t.Errorf("%s has two lines in imports.txt", r.name)
		}
		place[r.name] = i
	}
	for _, p := range goList(t) {
		name := strings.TrimPrefix(p.ImportPath, "galen/internal/")
		if isTestPackage(name) || name == "archtest" {
			continue
		}
		at, ok := place[name]
		if !ok {
			t.Errorf("%s has no line in imports.txt", name)
			continue
		}
		for _, imp := range p.Imports {
			checkImport(t, inner[at], place, outer, name, imp)
		}
	}
}

func checkImport(t *testing.T, r rule, place map[string]int, outer []rule, name, imp string) {
	t.Helper()
	if dep, ok := strings.CutPrefix(imp, "galen/internal/"); ok {
		switch {
		case isTestPackage(dep):
			t.Errorf("%s imports the test package %s", name, dep)
		case !anyMatches(r.allow, dep):
			t.Errorf("%s may not import %s", name, dep)
		case place[dep] >= place[name]:
			t.Errorf("%s imports %s, which is not above it", name, dep)
		}
		return
	}
	for _, o := range outer {
		if matches(o.name, imp) && !anyMatches(o.allow, name) {
			t.Errorf("%s may not import %s", name, imp)
		}
	}
}

// sources yields every Go file of the module that is not a test, generated ones left out.
func sources(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != "." && d.Name() != ".." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_gen.go") {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestFilesAreShortAndSayTheirLicence(t *testing.T) {
	for _, path := range sources(t) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), "\n"); n > maxFileLines {
			t.Errorf("%s has %d lines, more than %d", path, n, maxFileLines)
		}
		if !strings.HasPrefix(string(src), "// SPDX-License-Identifier: Apache-2.0\n") {
			t.Errorf("%s does not begin with its licence", path)
		}
		if !strings.HasSuffix(path, "_test.go") {
			checkFunctions(t, path, src)
		}
	}
}

func checkFunctions(t *testing.T, path string, src []byte) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
	if err != nil {
		t.Error(err)
		return
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1; n > maxFuncLines {
			t.Errorf("%s: %s has %d lines, more than %d", path, f.Name.Name, n, maxFuncLines)
		}
	}
}

func TestEveryPackageAndExportedNameIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, path := range sources(t) {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		dir := filepath.Dir(path)
		documented[dir] = documented[dir] || file.Doc != nil
		for _, name := range undocumented(file) {
			t.Errorf("%s: %s has no comment", path, name)
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

// undocumented lists the exported top-level names of file that carry no comment.
func undocumented(file *ast.File) []string {
	var names []string
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && d.Doc == nil && receiverExported(d) {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
					names = append(names, ts.Name.Name)
				}
			}
		}
	}
	return names
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func TestLinkedModulesAreListed(t *testing.T) {
	want, err := os.ReadFile("deps.txt")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "galen/cmd/...")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as the server is built
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := map[string]bool{}
	for m := range strings.Lines(string(out)) {
		if m = strings.TrimSpace(m); m != "" && m != "galen" {
			linked[m] = true
		}
	}
	list := map[string]bool{}
	for line := range strings.Lines(string(want)) {
		if f := strings.Fields(line); len(f) > 0 && !strings.HasPrefix(f[0], "#") {
			list[f[0]] = true
		}
	}
	for m := range linked {
		if !list[m] {
			t.Errorf("%s is linked and has no line in deps.txt: add one with its reason", m)
		}
	}
	for m := range list {
		if !linked[m] {
			t.Errorf("%s has a line in deps.txt and is not linked", m)
		}
	}
	if t.Failed() {
		fmt.Println("see docs/decisions for what a new dependency owes")
	}
}
