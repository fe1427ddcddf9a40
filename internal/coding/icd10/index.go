// SPDX-License-Identifier: Apache-2.0

package icd10

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"

	"galen/internal/fault"
	"galen/internal/fhir/term"
)

// URL is the canonical of ICD-10-CM.
const URL = "http://hl7.org/fhir/sid/icd-10-cm"

// Index finds codes by what they are called.
type Index struct {
	system *term.System
	terms  map[string]entry // by key
}

// entry is what a key stands for.
type entry struct {
	concept uint32
	left    uint8 // how much of the title the key leaves out
}

// maxWords is how many words of content a key has at most.
const maxWords = 8

// New makes an index of a release. It fails with fault.Invalid if that is not ICD-10-CM, or not as the order file has it.
func New(system *term.System) (*Index, error) {
	if system.URL != URL {
		return nil, fault.New(fault.Invalid, "the code system is not ICD-10-CM")
	}
	x := &Index{system: system, terms: map[string]entry{}}
	titles := map[string]uint32{}
	var properties []term.Property
	for i := range uint32(system.Len()) {
		properties = system.Properties(properties[:0], i)
		if !slices.ContainsFunc(properties, func(p term.Property) bool { return p.Code == "billable" && p.Value == "true" }) {
			continue
		}
		code, title := system.Code(i), strings.ToLower(system.Display(i))
		titles[title] = i
		if !codeable(code, title) {
			continue
		}
		for _, t := range shortened(title) {
			x.add(t.words, entry{i, t.left})
		}
	}
	if len(titles) == 0 {
		return nil, fault.New(fault.Invalid, "this ICD-10-CM does not say which codes are valid for a claim: import the order file")
	}
	for term, targets := range synonyms() {
		for _, target := range targets {
			if i, ok := titles[target]; ok {
				x.put(key(contents(term)), entry{i, 1}) // it is meant, whatever else has such a title
				break
			}
		}
	}
	return x, nil
}

// Version is that of the release: its year.
func (x *Index) Version() string { return x.system.Version }

// codeable reports whether a note's words are to be matched with the title of a code.
func codeable(code, title string) bool {
	switch {
	case strings.ContainsRune("OPVWXYZ", rune(code[0])), code >= "T36" && code < "T79", code >= "T80", code >= "U07.2" && code < "U99":
		return strings.HasPrefix(code, "T79") // early complications of trauma
	case strings.HasPrefix(title, "other "), strings.Contains(title, "subsequent encounter"), strings.Contains(title, "sequela"),
		strings.Contains(title, "open fracture"):
		return false
	}
	return true
}

// add keeps the better entry of a key: the one that leaves out less, then the one that says of itself that it leaves something open, then the one
// that comes first in the classification.
func (x *Index) add(words []string, e entry) {
	k := key(words)
	if k == "" || len(words) > maxWords || len(words) == 1 && vague[k] {
		return
	}
	old, ok := x.terms[k]
	open := func(e entry) bool {
		return strings.Contains(strings.ToLower(x.system.Display(e.concept)), "unspecified")
	}
	if !ok || e.left < old.left || e.left == old.left && open(e) && !open(old) {
		x.terms[k] = e
	}
}

func (x *Index) put(k string, e entry) {
	if k != "" {
		x.terms[k] = e
	}
}

// vague are single words that titles are left with and that are no diagnosis.
var vague = set(`pain injury fall cramp swelling mass lump weakness problem stress shock death exposure contusion abrasion laceration sprain strain burn bite fracture dislocation
 edema hemorrhage bleeding ulcer abscess cyst polyp disorder disease syndrome infection deficiency allergy reaction discharge lesion tremor spasm stiffness history
 cold heat tic other site region right left acute chronic deformity stenosis atrophy malignant benign neoplasm carcinoma retention`)

// shortTitle is a title as it may be said: some of its words, and how much is left out.
type shortTitle struct {
	words []string
	left  uint8
}

var (
	brackets  = regexp.MustCompile(`\([^)]*\)`)
	ofUnknown = regexp.MustCompile(`\bof unspecified \w+(?: \w+)? (of|at|in) `)
	needless  = regexp.MustCompile(`^(unspecified( (site|organism|type|side|severity|cause))?$|not |without |initial encounter|uncomplicated|site not specified|part unspecified)|not specified|site unspecified`)
	tail      = regexp.MustCompile(` without .*$`)
)

// optional are words of titles that need not be said.
var optional = set("unspecified primary essential mellitus unilateral nos uncomplicated")

// shortened gives the ways in which a title may be said, the one that says most first.
func shortened(title string) []shortTitle {
	title = brackets.ReplaceAllString(title, "")
	left := uint8(0)
	if s := ofUnknown.ReplaceAllString(title, "$1 "); s != title {
		title, left = s, left+1
	}
	var kept []string
	for i, part := range strings.Split(title, ",") {
		part = strings.TrimSpace(part)
		if i > 0 && needless.MatchString(part) {
			left++
			continue
		}
		if s := tail.ReplaceAllString(part, ""); s != part && s != "" {
			part, left = s, left+1
		}
		kept = append(kept, part)
	}
	all := contents(strings.Join(kept, " "))
	less := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return optional[w] })
	if len(less) == 0 {
		return nil
	}
	list := []shortTitle{{all, left}}
	if len(less) < len(all) {
		list = append(list, shortTitle{less, left + uint8(len(all)-len(less))})
	}
	return list
}

// contents are the words of content of a text.
func contents(text string) []string {
	var list []string
	for _, w := range split(text) {
		if w.kind == content || w.kind == wall && w.text != "" {
			list = append(list, w.text)
		}
	}
	return list
}

//go:embed synonyms.txt
var synonymList string

// synonyms are what clinicians call things, and the titles of which the first that a release has is meant.
func synonyms() map[string][]string {
	m := map[string][]string{}
	for line := range strings.Lines(synonymList) {
		terms, targets, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for t := range strings.SplitSeq(terms, "; ") {
			m[t] = strings.Split(targets, " | ")
		}
	}
	return m
}
