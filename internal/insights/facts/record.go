// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir"
)

// MaxResources is the most resources of one record.
const MaxResources = 200_000

// Record is the resources of one patient, parsed.
type Record struct {
	Problems []string // what could not be read, without patient data

	id     string
	byKey  map[string]fhir.Node
	alias  map[string]string // fullUrl of a Bundle's entry → Type/id
	byType map[string][]fhir.Node
}

// Read parses resources (JSON; a Bundle stands for its entries) and keeps what is about the patient with that id and what
// may be referred to. The Record aliases the bytes. It fails with fault.NotFound if the patient is not there, and with
// fault.TooLarge past MaxResources. What is no resource is left out and said in Problems.
func Read(resources [][]byte, patient string) (*Record, error) {
	r := &Record{id: patient, byKey: map[string]fhir.Node{}, alias: map[string]string{}, byType: map[string][]fhir.Node{}}
	bad := 0
	for _, src := range resources {
		tape := new(fhir.Tape)
		if err := tape.Parse(src, fhir.Limits{}); err != nil {
			bad++
			continue
		}
		r.add(tape.Root(), "")
		if len(r.byKey) > MaxResources {
			return nil, fault.New(fault.TooLarge, "the record has more than %d resources", MaxResources)
		}
	}
	if bad > 0 {
		r.Problems = append(r.Problems, fmt.Sprintf("%d resources are no JSON and were left out", bad))
	}
	if !r.byKey["Patient/"+patient].Ok() {
		return nil, fault.New(fault.NotFound, "the patient is not among the resources: name the id of one that is there")
	}
	r.sort()
	return r, nil
}

// add takes a resource, or the entries of a Bundle, in.
func (r *Record) add(n fhir.Node, fullURL string) {
	typ, id := fhir.Type(n), fhir.ID(n)
	if typ == "Bundle" && n.Field("type").Text() != "document" || typ == "Bundle" && fullURL == "" {
		for _, e := range n.Field("entry").Elements() {
			if res := e.Field("resource"); res.Ok() {
				r.add(res, e.Field("fullUrl").Text())
			}
		}
		return
	}
	if typ == "" || id == "" {
		return
	}
	key := typ + "/" + id
	if fullURL != "" {
		r.alias[fullURL] = key
	}
	if old, ok := r.byKey[key]; ok && fhir.LastUpdated(old) > fhir.LastUpdated(n) {
		return
	}
	r.byKey[key] = n
}

// sort puts what is about the patient in lists by type, in the order of ids.
func (r *Record) sort() {
	keys := make([]string, 0, len(r.byKey))
	for k := range r.byKey {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		n := r.byKey[k]
		subject := n.Field("subject")
		if !subject.Ok() {
			subject = n.Field("patient")
		}
		if r.Key(subject) == "Patient/"+r.id && n.Field("status").Text() != "entered-in-error" && !verdict(n, "entered-in-error", "refuted") {
			typ := fhir.Type(n)
			r.byType[typ] = append(r.byType[typ], n)
		}
	}
}

// verdict reports whether a resource's verificationStatus is one of those.
func verdict(n fhir.Node, codes ...string) bool {
	return slices.Contains(codes, code(n.Field("verificationStatus")))
}

// Key is the Type/id that a Reference element points at, and empty if that is not in the record.
func (r *Record) Key(reference fhir.Node) string {
	text := reference.Field("reference").Text()
	if text == "" {
		return ""
	}
	if k, ok := r.alias[text]; ok {
		return k
	}
	if ref := fhir.ParseReference(text); ref.Kind == fhir.Relative || ref.Kind == fhir.Absolute {
		if k := ref.Key.String(); r.byKey[k].Ok() {
			return k
		}
	}
	return ""
}

// Resource is the resource of a Type/id; absent if the record has none.
func (r *Record) Resource(key string) fhir.Node { return r.byKey[key] }

// Of lists the patient's resources of a type, in the order of their ids, without those entered in error or refuted.
func (r *Record) Of(typ string) []fhir.Node { return r.byType[typ] }

// Patient is the Patient resource.
func (r *Record) Patient() fhir.Node { return r.byKey["Patient/"+r.id] }

// contained is the contained resource that a #reference names.
func contained(n, reference fhir.Node) fhir.Node {
	id, ok := strings.CutPrefix(reference.Field("reference").Text(), "#")
	if !ok || id == "" {
		return fhir.Node{}
	}
	for _, c := range n.Field("contained").Elements() {
		if fhir.ID(c) == id {
			return c
		}
	}
	return fhir.Node{}
}

func keyOf(n fhir.Node) string { return fhir.Type(n) + "/" + fhir.ID(n) }

// Relative gives a resource's JSON with its references to entries of a Bundle (urn:uuid:…) as Type/id.
func (r *Record) Relative(src []byte) []byte {
	for _, full := range r.urns(src) {
		src = bytes.ReplaceAll(src, []byte(`"reference":"`+full+`"`), []byte(`"reference":"`+r.alias[full]+`"`))
	}
	return src
}

// urns lists the full URLs of the kind urn: that a compact resource refers to and the record knows.
func (r *Record) urns(src []byte) (out []string) {
	const opening = `"reference":"urn:`
	for {
		at := bytes.Index(src, []byte(opening))
		if at < 0 {
			return out
		}
		src = src[at+len(opening):]
		end := bytes.IndexByte(src, '"')
		if end < 0 {
			return out
		}
		if full := "urn:" + string(src[:end]); r.alias[full] != "" {
			out = append(out, full)
		}
	}
}
