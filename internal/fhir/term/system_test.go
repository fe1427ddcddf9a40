// SPDX-License-Identifier: Apache-2.0

package term_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"galen/internal/fhir"
	"galen/internal/fhir/term"
)

// large makes a system of the form of SNOMED CT: concepts of 9 digits or so, three descriptions each, one or two parents among
// those before.
func large(t testing.TB, concepts int) *term.System {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	b := term.NewBuilder(term.Info{URL: "http://x/large", Version: "1", Content: term.Complete, Hierarchy: "is-a", ValueSet: "http://x/large/vs"})
	words := []string{"disorder", "structure", "entire", "chronic", "acute", "left", "right", "procedure", "neoplasm", "finding", "product"}
	for i := range concepts {
		n := b.Concept(fmt.Sprint(100_000_000 + 7*i))
		name := fmt.Sprint(words[i%11], " of ", words[i/11%11], " ", words[i/121%11], " ", i)
		b.Display(n, name)
		use := term.Coding{System: "http://x/large", Code: "900000000000003001", Display: "Fully specified name"}
		b.Designate(n, term.Designation{Language: "en", Use: use, Value: name + " (disorder)"})
		use.Code, use.Display = "900000000000013009", "Synonym"
		b.Designate(n, term.Designation{Language: "en", Use: use, Value: name})
		b.Designate(n, term.Designation{Language: "en", Use: use, Value: "synonym of " + name})
		b.Property(n, "moduleId", "900000000000207008")
		b.Property(n, "sufficientlyDefined", "false")
		if i > 0 {
			b.Parent(n, uint32(random.IntN(min(i, 2_000)*i/2_000+1)*999/1000))
			if i%3 == 0 {
				b.Parent(n, uint32(random.IntN(i)))
			}
		}
	}
	sys, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

// TestSizeOfSnomed: a system of SNOMED CT's size fits in 1 GiB by far.
func TestSizeOfSnomed(t *testing.T) {
	if testing.Short() {
		t.Skip("makes half a million concepts")
	}
	sys := large(t, 500_000)
	t.Logf("%d concepts with 1,500,000 designations in %d MiB: %d bytes each", sys.Len(), sys.Memory()>>20, sys.Memory()/sys.Len())
	if sys.Memory() > 512<<20 {
		t.Errorf("got %d bytes", sys.Memory())
	}
	if i, ok := sys.Find("100000700"); !ok || i != 100 {
		t.Errorf("got %d, %v", i, ok)
	}
}

func TestBinaryForm(t *testing.T) {
	sys, err := term.ReadCodeSystem(parse(t, animals))
	if err != nil {
		t.Fatal(err)
	}
	data, err := sys.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := term.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	i, ok := again.Find("bat")
	if p := again.Parents(nil, i); !ok || len(p) != 2 || again.Display(i) != "Fruit bat" || again.Code(p[1]) != "flyer" {
		t.Errorf("got %v, %v", i, p)
	}
	for at := range data {
		bad := bytes.Clone(data)
		bad[at] ^= 0x41
		if _, err := term.Open(bad); err == nil {
			t.Fatalf("a change of byte %d was not seen", at)
		}
	}
	for n := range data {
		if _, err := term.Open(data[:n]); err == nil {
			t.Fatalf("the first %d bytes were opened", n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	var tape fhir.Tape
	if err := tape.Parse([]byte(animals), fhir.Limits{}); err != nil {
		f.Fatal(err)
	}
	sys, err := term.ReadCodeSystem(tape.Root())
	if err != nil {
		f.Fatal(err)
	}
	data, err := sys.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		sys, err := term.OpenUnchecked(data)
		if err != nil {
			return
		}
		for i := range uint32(sys.Len()) {
			sys.Find(sys.Code(i))
			sys.Display(i)
			sys.Designations(nil, i)
			sys.Properties(nil, i)
			sys.Descendants(i)
			sys.Ancestors(i)
		}
	})
}

// FuzzResources reads anything as a value set, a code system and a map.
func FuzzResources(f *testing.F) {
	for _, text := range []string{animals, petMap, restMap, valueSet("http://x/s", filtered("concept", "is-a", "mammal")),
		valueSet("http://x/s", `{"include":[{"valueSet":["http://x/s"]}],"exclude":[{"system":"urn:ietf:bcp:13","concept":[{"code":"a/b"}]}]}`)} {
		f.Add([]byte(text))
	}
	base, err := term.ReadCodeSystem(parse(f, animals))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var tape fhir.Tape
		if tape.Parse(data, fhir.Limits{}) != nil {
			return
		}
		n := tape.Root()
		s := term.New(term.Options{Systems: []*term.System{base}, Source: &store{resources: map[string]string{
			"ValueSet http://x/s": string(data), "CodeSystem http://x/s": string(data), "ConceptMap http://x/s": string(data)}}})
		if e, err := s.Expand(term.ExpandRequest{ValueSet: n}); err == nil {
			for _, c := range e.Contains {
				v, err := s.ValidateCode(term.ValidateRequest{ValueSet: n, Codings: []term.Coding{{System: c.System, Code: c.Code}}})
				if err != nil || !v.Result {
					t.Errorf("%+v is in the expansion, and not valid: %v, %v", c.Coding, v, err)
				}
			}
		}
		_, _ = s.Expand(term.ExpandRequest{URL: "http://x/s"})
		_, _ = s.Lookup(term.LookupRequest{Coding: term.Coding{System: "http://x/s", Code: "dog"}})
		_, _ = s.Translate(term.TranslateRequest{URL: "http://x/s", Codings: []term.Coding{{Code: "dog"}}})
	})
}
