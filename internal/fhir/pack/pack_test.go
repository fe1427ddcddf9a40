// SPDX-License-Identifier: Apache-2.0

package pack_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"galen/internal/fault"
	"galen/internal/fhir/pack"
)

const manifest = `{"name":"a.b","version":"1.0.0","fhirVersions":["4.0.1"],"dependencies":{"hl7.fhir.r4.core":"4.0.1","c.d":"2.0.x"}}`

// archive packs name, text, name, text….
func archive(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o600, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRead(t *testing.T) {
	p, err := pack.Read(bytes.NewReader(archive(t, "package/package.json", manifest,
		"package/b.json", `{"resourceType":"ValueSet","url":"http://x/vs","version":"3"}`,
		"package/a.json", `{"resourceType":"StructureDefinition","url":"http://x/sd"}`,
		"package/.index.json", `{}`, "package/example/c.json", `{"resourceType":"ValueSet","url":"http://x/e"}`)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(p.Resources), 2; got != want {
		t.Fatalf("got %d resources, want %d", got, want)
	}
	if got, want := p.Resources[1].URL+"|"+p.Resources[1].Version+" "+p.Resources[1].Package, "http://x/vs|3 a.b#1.0.0"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var out bytes.Buffer
	if err := pack.Write(&out, p); err != nil {
		t.Fatal(err)
	}
	again, err := pack.Read(&out)
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("written and read again: got %+v, %v, want %+v", again, err, p)
	}
	set := pack.NewSet([]*pack.Package{p})
	if got := set.Missing("e.f#1.0.0"); got != nil {
		t.Errorf("what another package lacks: got %q", got)
	}
	missing := set.Missing(p.ID())
	if len(missing) != 1 || !strings.Contains(missing[0], "a.b#1.0.0 names packages that are not installed: c.d#2.0.x.") {
		t.Errorf("got missing %q", missing)
	}
}

func TestReadFolder(t *testing.T) {
	files := fstest.MapFS{"package/package.json": {Data: []byte(manifest)},
		"package/a.json": {Data: []byte(`{"resourceType":"CodeSystem","url":"http://x/cs"}`)}}
	p, err := pack.ReadFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(p.Resources), 1; got != want {
		t.Errorf("got %d resources, want %d", got, want)
	}
	if _, err := pack.ReadFolder(fstest.MapFS{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("empty folder: got %v, want Invalid", err)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		text []byte
		want fault.Kind
	}{
		{"no gzip", []byte("x"), fault.Invalid},
		{"cut", archive(t, "package/package.json", manifest)[:60], fault.Invalid},
		{"no manifest", archive(t, "package/a.json", `{}`), fault.Invalid},
		{"path that leaves", archive(t, "package/package.json", manifest, "../../etc/x.json", `{}`), fault.Invalid},
		{"absolute path", archive(t, "package/package.json", manifest, "/etc/x.json", `{}`), fault.Invalid},
		{"name that leaves", archive(t, "package/package.json", `{"name":"../x","version":"1"}`), fault.Invalid},
		{"R5", archive(t, "package/package.json", `{"name":"x","version":"1","fhirVersions":["5.0.0"]}`), fault.Unsupported},
		{"bomb", archive(t, "package/package.json", manifest, "package/a.json", strings.Repeat(" ", pack.MaxFile+1)), fault.TooLarge},
	} {
		if _, err := pack.Read(bytes.NewReader(c.text)); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	var list []*pack.Package
	for _, v := range []string{"3.1.1", "6.1.0", "10.0.0"} {
		list = append(list, &pack.Package{Name: "a", Version: v, Resources: []pack.Resource{
			{Type: "StructureDefinition", URL: "http://x", Version: v, Package: "a#" + v}}})
	}
	newest, chosen := pack.NewSet(list), pack.NewSet(list, "a#6.1.0")
	for _, c := range []struct {
		set             *pack.Set
		canonical, want string
	}{{newest, "http://x", "10.0.0"}, {chosen, "http://x", "6.1.0"}, {chosen, "http://x|3.1.1", "3.1.1"}, {chosen, "http://x|3", "3.1.1"}} {
		if r := c.set.Find("StructureDefinition", c.canonical); r == nil || r.Version != c.want {
			t.Errorf("%s: got %v, want %s", c.canonical, r, c.want)
		}
	}
	if r := newest.Find("StructureDefinition", "http://x|4"); r != nil {
		t.Errorf("got %v, want none", r)
	}
}

func TestShared(t *testing.T) {
	files, _ := filepath.Glob("../../../../shared/packages/*.tgz")
	if len(files) == 0 {
		t.Skip("../shared/packages is not here")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := pack.Read(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		t.Logf("%s: %d resources", p.ID(), len(p.Resources))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(archive(f, "package/package.json", manifest, "package/a.json", `{"resourceType":"ValueSet","url":"http://x"}`))
	f.Fuzz(func(_ *testing.T, text []byte) {
		_, _ = pack.Read(bytes.NewReader(text))
	})
}

func TestNamed(t *testing.T) {
	set := pack.NewSet([]*pack.Package{{Name: "hl7.fhir.us.core", Version: "6.1.0"}, {Name: "hl7.fhir.us.core", Version: "3.1.1"},
		{Name: "hl7.fhir.us.carin-bb", Version: "2.0.0"}, {Name: "hl7.fhir.uv.ips", Version: "2.0.0-ballot"}, {Name: "x.other.hl7.fhir.us.core", Version: "6.1.0"}})
	for name, want := range map[string]string{"us-core-6.1.0": "hl7.fhir.us.core#6.1.0", "us-core-3.1.1": "hl7.fhir.us.core#3.1.1", "carin-bb-2.0.0": "hl7.fhir.us.carin-bb#2.0.0",
		"ips-2.0.0-ballot": "hl7.fhir.uv.ips#2.0.0-ballot", "hl7-fhir-us-core-6.1.0": "hl7.fhir.us.core#6.1.0", "us-core-4.0.0": "", "us-core": "", "6.1.0": "", "-6.1.0": "", "": ""} {
		got := ""
		if p := set.Named(name); p != nil {
			got = p.ID()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if _, missing := set.Choose("us-core-6.1.0", "none-1"); len(missing) != 1 || missing[0] != "none-1" {
		t.Errorf("got missing %q", missing)
	}
}

// TestR4 finds the profiles that R4 itself defines, with and without their version.
func TestR4(t *testing.T) {
	for _, canonical := range []string{"http://hl7.org/fhir/StructureDefinition/vitalsigns", "http://hl7.org/fhir/StructureDefinition/bmi|4.0.1", "http://hl7.org/fhir/StructureDefinition/lipidprofile|4.0",
		"http://hl7.org/fhir/StructureDefinition/patient-birthPlace"} {
		if r := pack.R4().Find("StructureDefinition", canonical); r == nil || r.Package != "hl7.fhir.r4.core#4.0.1" || len(r.JSON) < 500 {
			t.Errorf("%s: got %+v", canonical, r)
		}
	}
	if r := pack.R4().Find("StructureDefinition", "http://hl7.org/fhir/StructureDefinition/bmi|3.0.1"); r != nil {
		t.Errorf("another release: got %s", r.URL)
	}
	if got := len(pack.R4().URLs("StructureDefinition")); got != 44+393 {
		t.Errorf("got %d definitions, want 44 profiles and 393 extensions", got)
	}
}
