// SPDX-License-Identifier: Apache-2.0

package drugs

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"unicode"
)

var (
	//go:embed names_gen.txt
	names string
	//go:embed words_gen.gz
	words []byte
)

// Lexicon holds names of drugs, and words that are English.
type Lexicon struct {
	names   map[string]string // as they are written, by their small letters
	sounds  map[byte][]sound  // of names, by the classes of their first two consonants
	english []string          // in order
}

// sound is how a name sounds.
type sound struct {
	name   string
	code   string
	weight float64
	brand  bool // it is never the name that was meant, but may be what was said
}

var builtin = sync.OnceValue(func() *Lexicon {
	in, err := gzip.NewReader(bytes.NewReader(words))
	if err != nil {
		panic("drugs: the embedded words: " + err.Error()) // a build that is broken
	}
	text, err := io.ReadAll(in)
	if err != nil {
		panic("drugs: the embedded words: " + err.Error())
	}
	l := &Lexicon{names: map[string]string{}, sounds: map[byte][]sound{}, english: strings.Fields(string(text))}
	for name := range strings.Lines(names) {
		if !strings.HasPrefix(name, "#") {
			l.add(strings.TrimSpace(name))
		}
	}
	return l
})

// Builtin is the lexicon of the names that galen has itself.
func Builtin() *Lexicon { return builtin() }

// With gives a lexicon that has more names, such as those of RxNorm that are imported. Names of several words, very short ones and those that are
// English words are left out.
func (l *Lexicon) With(more iter.Seq[string]) *Lexicon {
	all := &Lexicon{names: map[string]string{}, sounds: map[byte][]sound{}, english: l.english}
	for _, name := range l.names {
		all.add(name)
	}
	for name := range more {
		if all.names[strings.ToLower(name)] == "" && len(name) >= shortest && !l.isWord(strings.ToLower(name)) &&
			strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) }) < 0 {
			all.add(name)
		}
	}
	return all
}

// shortest is how many letters a name has.
const shortest = 5

// Has reports whether a word is a name of a drug, in any capitals.
func (l *Lexicon) Has(word string) bool { return l.names[strings.ToLower(word)] != "" }

func (l *Lexicon) add(name string) {
	low := strings.ToLower(name)
	l.names[low] = name
	s := sound{name: name, code: spoken(low), brand: name != low}
	s.weight = weigh(s.code)
	first, second := classesOf(s.code)
	l.sounds[first] = append(l.sounds[first], s)
	if second != 0 && second != first { // the first may be missed
		l.sounds[second] = append(l.sounds[second], s)
	}
}

// isWord reports whether a word in small letters is one of those that are English.
func (l *Lexicon) isWord(word string) bool {
	_, ok := slices.BinarySearch(l.english, word)
	return ok
}

// isEnglish reports whether a word in small letters is English, or an ending away from it.
func (l *Lexicon) isEnglish(word string) bool {
	if len(word) < 3 || l.isWord(word) {
		return true
	}
	for _, ending := range []string{"'s", "s", "es", "d", "ed", "ing", "ly", "er", "ness"} {
		stem, ok := strings.CutSuffix(word, ending)
		if ok && len(stem) > 2 && (l.isWord(stem) || l.isWord(stem+"e")) {
			return true
		}
	}
	return false
}
