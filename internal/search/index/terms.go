// SPDX-License-Identifier: Apache-2.0

package index

// Terms collects term keys in one piece of memory. The zero Terms is ready; Reset makes it ready again.
type Terms struct {
	keys []byte
	ends []uint32
}

// Len is the number of terms.
func (t *Terms) Len() int { return len(t.ends) }

// Bytes is the length of all keys together.
func (t *Terms) Bytes() int { return len(t.keys) }

// Key is the i-th term's key without the tenant: 'p', type, parameter, class, value. It is valid until Reset; callers
// must not change it.
func (t *Terms) Key(i int) []byte { panic("todo") }

// Reset empties t and keeps its memory.
func (t *Terms) Reset() { panic("todo") }
