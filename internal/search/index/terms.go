// SPDX-License-Identifier: Apache-2.0

package index

import (
	"crypto/sha256"
	"hash/maphash"

	"galen/internal/fhir"
	"galen/internal/fhir/fhirpath"
	"galen/internal/ordkey"
)

// Terms collects term keys in one piece of memory. The zero Terms is ready; Reset makes it ready again.
type Terms struct {
	keys []byte
	ends []uint32

	seen       []uint64 // open addressing: round in the upper half, a term's index plus one in the lower
	seed       maphash.Seed
	round      uint32 // of AppendTerms, so that terms of one resource are compared with each other only
	roundFirst int
	most       int // terms of the round; emit adds no more
	skipped    int

	evaluator fhirpath.Evaluator
	inner     fhirpath.Evaluator // for components, while evaluator holds what they are of
	root      fhirpath.Value
	value     fhirpath.Value
	text      []byte
	parts     []byte // components of a composite, end to end
	partEnds  []int
	hashes    [64]cachedHash
}

type cachedHash struct {
	name []byte
	sum  hash
}

// Len is the number of terms.
func (t *Terms) Len() int { return len(t.ends) }

// Bytes is the length of all keys together.
func (t *Terms) Bytes() int { return len(t.keys) }

// Key is the i-th term's key without the tenant: 'p', type, parameter, class, value. It is valid until Reset; callers
// must not change it.
func (t *Terms) Key(i int) []byte {
	from, to := t.start(i), t.ends[i]
	return t.keys[from:to:to]
}

func (t *Terms) start(i int) uint32 {
	if i == 0 {
		return 0
	}
	return t.ends[i-1]
}

// Reset empties t and keeps its memory.
func (t *Terms) Reset() { t.keys, t.ends, t.skipped = t.keys[:0], t.ends[:0], 0 }

// begin starts the terms of one resource, or of one own parameter of it: most and one at most.
func (t *Terms) begin(root fhirpath.Value, most int) {
	if t.seen == nil {
		t.seen = make([]uint64, 256)
		t.seed = maphash.MakeSeed()
	}
	if t.round++; t.round == 0 {
		clear(t.seen)
		t.round = 1
	}
	t.roundFirst = len(t.ends)
	t.root, t.most = root, most
}

// open begins a term; the caller appends its value to keys and calls done.
func (t *Terms) open(h *header, c Class) {
	t.keys = append(append(t.keys, h[:]...), byte(c))
}

// done ends the term that open began, or drops it if the resource has it already.
func (t *Terms) done() {
	i := len(t.ends)
	from := t.start(i)
	key := t.keys[from:]
	mask := uint64(len(t.seen) - 1)
	at := maphash.Bytes(t.seed, key) & mask
	for ; ; at = (at + 1) & mask {
		slot := t.seen[at]
		if uint32(slot>>32) != t.round {
			break
		}
		if string(t.Key(int(uint32(slot))-1)) == string(key) {
			t.keys = t.keys[:from]
			return
		}
	}
	t.seen[at] = uint64(t.round)<<32 | uint64(i+1)
	t.ends = append(t.ends, uint32(len(t.keys)))
	if 2*(i+1-t.roundFirst) > len(t.seen) {
		t.grow()
	}
}

func (t *Terms) grow() {
	t.seen = make([]uint64, 2*len(t.seen))
	mask := uint64(len(t.seen) - 1)
	for i := t.roundFirst; i < len(t.ends); i++ {
		at := maphash.Bytes(t.seed, t.Key(i)) & mask
		for t.seen[at] != 0 {
			at = (at + 1) & mask
		}
		t.seen[at] = uint64(t.round)<<32 | uint64(i+1)
	}
}

// string appends a text to the open term as an ordered string, cut.
func (t *Terms) string(s string) { t.keys = appendCut(t.keys, s) }

// hash appends the hash of a system to the open term.
func (t *Terms) hash(system string) { t.keys = t.appendHash(t.keys, system) }

func (t *Terms) appendHash(dst []byte, system string) []byte {
	h := t.hashOf(system)
	return append(dst, h[:]...)
}

// hashOf is hashOf(system), which it remembers for the systems met last.
func (t *Terms) hashOf(system string) hash {
	n := len(system)
	if n == 0 {
		return emptyHash
	}
	c := &t.hashes[(n*7+int(system[n-1])*3+int(system[n/2]))%len(t.hashes)]
	if string(c.name) != system {
		t.text = append(t.text[:0], system...)
		sum := sha256.Sum256(t.text)
		c.sum = hash(sum[:hashLength])
		c.name = c.name[:0]
		if n <= maxText {
			c.name = append(c.name, system...)
		}
	}
	return c.sum
}

// appendCut appends a text as an ordered string, cut.
func appendCut[T ~string | ~[]byte](dst []byte, s T) []byte {
	if len(s) <= maxText {
		return ordkey.AppendString(dst, s)
	}
	return ordkey.AppendString(dst, cut(nil, s))
}

// appendNormalized appends a normalised text to the open term, cut and without an end.
func (t *Terms) normalized(n fhir.Node) {
	from := len(t.keys)
	t.keys = Normalize(t.keys, n.Text())
	if len(t.keys)-from > maxText {
		t.keys = append(t.keys[:from], cut(nil, t.keys[from:])...)
	}
}
