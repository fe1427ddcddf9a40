// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"bytes"
	_ "embed"
	"sync"
)

// The profiles and extensions that R4 itself defines, one a line, as package gen makes them.
//
//go:embed r4_gen.ndjson
var r4Profiles []byte

// R4 is the package of R4 itself as far as it is profiles of its own (vital signs, lipids, what can be shared, and the like) and extensions. They
// have a differential and no snapshot, and the extensions no context. It costs little but the first time.
//
// http://hl7.org/fhir/R4/profilelist.html
func R4() *Set { return readR4() }

var readR4 = sync.OnceValue(func() *Set {
	p := &Package{Name: Core, Version: "4.0.1"}
	for line := range bytes.Lines(r4Profiles) {
		p.add("r4_gen.ndjson", bytes.TrimSpace(line))
	}
	p.seal()
	return NewSet([]*Package{p})
})
