// SPDX-License-Identifier: Apache-2.0

package load_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir/term"
	"galen/internal/fhir/term/load"
)

func open(t testing.TB, name string) io.Reader {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(data)
}

// shared opens a file that lies beside the repository, or skips the test.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("there is no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", "clinical", "codes", name))
	if err != nil {
		t.Skip("the code files are not beside the repository")
	}
	return data
}

func icd10(t testing.TB) *term.System {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(shared(t, "icd10cm-order-Jan-2021.txt.gz")))
	if err != nil {
		t.Fatal(err)
	}
	sys, err := load.ICD10CM(z, "2021")
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

func serve(systems ...*term.System) *term.Service {
	return term.New(term.Options{Systems: systems, MaxExpansion: 100_000})
}

// codes expands a value set to its codes.
func codes(t *testing.T, s *term.Service, r term.ExpandRequest) string {
	t.Helper()
	r.Flat = true
	e, err := s.Expand(r)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, c := range e.Contains {
		list = append(list, c.Code)
	}
	return strings.Join(list, " ")
}

func subsumes(t *testing.T, s *term.Service, system, a, b string) term.Subsumption {
	t.Helper()
	got, err := s.Subsumes(term.Coding{System: system, Code: a}, term.Coding{System: system, Code: b})
	if err != nil {
		t.Error(err)
	}
	return got
}

func TestICD10CM(t *testing.T) {
	const url = "http://hl7.org/fhir/sid/icd-10-cm"
	sys := icd10(t)
	s := serve(sys)
	if sys.Len() != 95_358 {
		t.Errorf("got %d codes, want 95358", sys.Len())
	}
	t.Logf("%d concepts in %d bytes: %d each", sys.Len(), sys.Memory(), sys.Memory()/sys.Len())
	for _, c := range []struct {
		a, b string
		want term.Subsumption
	}{
		{"E11", "E11.9", term.Subsumer}, {"E11", "E11.621", term.Subsumer}, {"E11.9", "E11", term.SubsumedBy},
		{"E11.9", "E11.9", term.Equivalent}, {"E10", "E11.9", term.NotSubsumed}, {"E11.6", "E11.9", term.NotSubsumed},
	} {
		if got := subsumes(t, s, url, c.a, c.b); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.a, c.b, got, c.want)
		}
	}
	found, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: url, Code: "e11.9"}})
	if err != nil || found.Display != "Type 2 diabetes mellitus without complications" || found.Code != "E11.9" {
		t.Errorf("got %+v, %v", found, err)
	}
	if got, want := codes(t, s, term.ExpandRequest{URL: url + "?fhir_vs=isa/E11.0"}), "E11.0 E11.00 E11.01"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := codes(t, s, term.ExpandRequest{URL: url + "/vs", Filter: "diab gestation insulin childbirth"}), "O24.424"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := s.Expand(term.ExpandRequest{URL: url + "/vs", Count: 200_000}); !errors.Is(err, fault.TooCostly) {
		t.Errorf("got %v, want too costly", err)
	}
}

func TestCVX(t *testing.T) {
	sys, err := load.CVX(bytes.NewReader(shared(t, "cvx.tsv")), "2021")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(sys)
	const url = "http://hl7.org/fhir/sid/cvx"
	if got := subsumes(t, s, url, "89", "02"); got != term.Subsumer {
		t.Errorf("got %s", got)
	}
	v, err := s.ValidateCode(term.ValidateRequest{URL: "http://hl7.org/fhir/ValueSet/vaccine-code", Codings: []term.Coding{{System: url, Code: "140"}}})
	if err != nil || !v.Result || v.Display == "" {
		t.Errorf("got %+v, %v", v, err)
	}
}

func TestCVXOfCDC(t *testing.T) {
	sys, err := load.CVX(open(t, "cvx.txt"), "")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(sys)
	if got, want := codes(t, s, term.ExpandRequest{URL: sys.ValueSet}), "08 45"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := codes(t, s, term.ExpandRequest{URL: sys.ValueSet, ActiveOnly: true, Filter: "hepatitis"}), "08"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLOINC(t *testing.T) {
	sys, err := load.LOINC(load.LOINCFiles{Table: open(t, "Loinc.csv"), Answers: open(t, "AnswerList.csv"), Hierarchy: open(t, "Hierarchy.csv")}, "2.70")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(sys)
	for _, c := range []struct{ url, want string }{
		{"http://loinc.org/vs", "90001-1 90002-2 90003-3 90004-4 LA9001-1 LA9002-2 LP90001-1 LP90002-2"},
		{"http://loinc.org/vs/LL9001-1", "LA9001-1 LA9002-2"},
		{"http://loinc.org/vs/LL9002-2", "LA9002-2"},
		{"http://loinc.org/vs/LP90002-2", "90001-1 90002-2 LP90002-2"},
	} {
		if got := codes(t, s, term.ExpandRequest{URL: c.url}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.url, got, c.want)
		}
	}
	c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: "http://loinc.org", Code: "90003-3"}, Properties: []string{"COMPONENT"}})
	if err != nil || len(c.Properties) != 1 || c.Properties[0].Value != `Sample answer "quoted", with a comma` {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: "http://loinc.org", Code: "90004-4"}}); err != nil || !c.Inactive {
		t.Errorf("got %+v, %v", c, err)
	}
}

func snomed(t testing.TB) *term.System {
	t.Helper()
	sys, err := load.Snomed(load.SnomedFiles{
		Concepts: open(t, "sct2_Concept.txt"), Descriptions: []io.Reader{open(t, "sct2_Description.txt")}, Relationships: open(t, "sct2_Relationship.txt"),
		Language: open(t, "der2_Language.txt"), Refsets: []io.Reader{open(t, "der2_Simple.txt")},
	}, "http://snomed.info/sct/731000124108/version/20210301")
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

func TestSnomed(t *testing.T) {
	s := serve(snomed(t))
	const url = "http://snomed.info/sct"
	for _, c := range []struct{ url, want string }{
		{url + "?fhir_vs", "138875005 900100001 900200002 900300003 900400004 900500005"},
		{url + "?fhir_vs=isa/900100001", "900100001 900200002 900300003 900500005"},
		{url + "/731000124108?fhir_vs=isa/900200002", "900200002 900300003"},
		{url + "/731000124108/version/20210301?fhir_vs=isa/900500005", "900300003 900500005"},
		{url + "?fhir_vs=refset/900900009", "900200002 900500005"},
	} {
		if got := codes(t, s, term.ExpandRequest{URL: c.url}); got != c.want {
			t.Errorf("%s: got %s, want %s", c.url, got, c.want)
		}
	}
	if got := subsumes(t, s, url, "138875005", "900300003"); got != term.Subsumer {
		t.Errorf("got %s", got)
	}
	c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: url, Code: "900100001"}})
	if err != nil || c.Display != "Sample disorder" || len(c.Designations) != 3 || c.Designations[0].Use.Display != "Fully specified name" {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: url, Code: "900400004"}}); err != nil || !c.Inactive {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestRxNorm(t *testing.T) {
	sys, err := load.RxNorm(open(t, "RXNCONSO.RRF"), open(t, "RXNREL.RRF"), "2021-03")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(sys)
	if got, want := codes(t, s, term.ExpandRequest{URL: sys.ValueSet}), "90001 90002 90003 90004 90005"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := subsumes(t, s, sys.URL, "90005", "90002"); got != term.Subsumer {
		t.Errorf("got %s", got)
	}
	c, err := s.Lookup(term.LookupRequest{Coding: term.Coding{System: sys.URL, Code: "90002"}, Properties: []string{"has_ingredient"}})
	if err != nil || c.Display != "samplamine 5 MG Oral Tablet" || len(c.Properties) != 1 || c.Properties[0].Value != "90001" {
		t.Errorf("got %+v, %v", c, err)
	}
}

// TestWrongFiles gives each importer what it cannot read.
func TestWrongFiles(t *testing.T) {
	long := strings.Repeat("x", 2<<20)
	for _, text := range []string{"", "\n\n", "nonsense", "id\tx\n", long, "a|b\n", "identifier\n", "\"LOINC_NUM\",\"x\n", "00001 A0      0 Two characters"} {
		for name, read := range importers {
			_, err := read(strings.NewReader(text))
			if !errors.Is(err, fault.Invalid) && !errors.Is(err, fault.TooLarge) {
				t.Errorf("%s of %.20q: got %v", name, text, err)
			}
		}
	}
}

var importers = map[string]func(io.Reader) (*term.System, error){
	"icd":    func(r io.Reader) (*term.System, error) { return load.ICD10CM(r, "") },
	"cvx":    func(r io.Reader) (*term.System, error) { return load.CVX(r, "") },
	"loinc":  func(r io.Reader) (*term.System, error) { return load.LOINC(load.LOINCFiles{Table: r}, "") },
	"rxnorm": func(r io.Reader) (*term.System, error) { return load.RxNorm(r, nil, "") },
	"snomed": func(r io.Reader) (*term.System, error) { return load.Snomed(load.SnomedFiles{Concepts: r}, "") },
}

// FuzzImporters feeds each importer anything: it fails with a fault, or makes a system that can be written and opened again.
func FuzzImporters(f *testing.F) {
	names, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	f.Add([]byte("00001 A00     0 Cholera                                                      Cholera\n00002 A000    1 Due to Vibrio\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, read := range importers {
			sys, err := read(bytes.NewReader(data))
			if err != nil {
				if fault.KindOf(err) == fault.Internal {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			form, err := sys.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			again, err := term.Open(form)
			if err != nil || again.Len() != sys.Len() {
				t.Fatalf("%s: %v", name, err)
			}
			for i := range uint32(again.Len()) {
				if n, ok := again.Find(again.Code(i)); !ok || n != i {
					t.Fatalf("%s: concept %d is found as %d", name, i, n)
				}
				again.Designations(nil, i)
				again.Properties(nil, i)
				again.Descendants(i)
			}
		}
	})
}
