// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/term"
)

// packageFiles reads the terminology of a FHIR package that lies beside the repository, or skips the test.
func packageFiles(t *testing.T, name string) (texts []string) {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	f, err := os.Open(filepath.Join(dir, "..", "shared", "packages", name))
	if err != nil {
		t.Skip("the packages are not beside the repository")
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for in := tar.NewReader(z); ; {
		head, err := in.Next()
		if err == io.EOF {
			return texts
		}
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Base(head.Name)
		if strings.HasPrefix(base, "ValueSet-") || strings.HasPrefix(base, "CodeSystem-") || strings.HasPrefix(base, "ConceptMap-") {
			text, err := io.ReadAll(in)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, string(text))
		}
	}
}

// TestPackages expands the value sets of implementation guides: each works, or says what it needs; an expansion that is stored
// has the same codes.
func TestPackages(t *testing.T) {
	for _, name := range []string{"us_core_311.tgz", "us_core_610.tgz", "us_core_700.tgz", "ips-ips_v110.tgz", "carin-for-blue-button-carin4bb-200.tgz", "davinci-pdex-davinci-pdex-2.0.0.tgz"} {
		texts := packageFiles(t, name)
		src := (&store{}).add(t, texts...)
		s := term.New(term.Options{Source: src})
		expanded, stored, reasons := 0, 0, map[fault.Kind]int{}
		for _, text := range texts {
			n := parse(t, text)
			if fhir.Type(n) != "ValueSet" {
				continue
			}
			url := n.Field("url").Text()
			e, err := s.Expand(term.ExpandRequest{URL: url, Flat: true})
			switch k := fault.KindOf(err); {
			case err == nil:
				expanded++
			case k == fault.NotFound || k == fault.Unsupported || k == fault.TooCostly:
				reasons[k]++
				continue
			default:
				t.Errorf("%s: %v", url, err)
				continue
			}
			if contains := n.Field("expansion").Field("contains"); contains.Ok() {
				stored++
				if e.Total != contains.Len() {
					t.Errorf("%s: got %d codes, %d are stored", url, e.Total, contains.Len())
				}
				for _, c := range contains.Elements() {
					one := term.Coding{System: c.Field("system").Text(), Code: c.Field("code").Text()}
					if ok, err := s.MemberOf(url, one); !ok || err != nil {
						t.Errorf("%s: %v is in the stored expansion, not in ours: %v", url, one, err)
					}
				}
			}
		}
		t.Logf("%s: %d value sets expanded (%d compared with a stored expansion); the others: %v", name, expanded, stored, reasons)
	}
}
