// SPDX-License-Identifier: Apache-2.0

package term

import (
	"compress/flate"
	_ "embed"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
)

//go:embed builtin_gen.bin
var builtinData string

// builtins is R4's own terminology, packed; gen/main.go says how.
type builtins struct {
	at   map[cacheKey]packed // with the version, and without
	maps []string            // canonical URLs of the ConceptMaps
}

// packed is where a resource is: in a chunk, which is inflated when it is asked for. A few value sets share a chunk, so that
// nobody pays for what is not asked.
type packed struct {
	chunk    func() string
	from, to int
}

var loadBuiltins = sync.OnceValue(readBuiltins)

// readBuiltins reads the index. The data is ours: if it cannot be read that is a bug, and panics.
func readBuiltins() *builtins {
	b := &builtins{at: map[cacheKey]packed{}}
	size := int(binary.LittleEndian.Uint32([]byte(builtinData[:4])))
	rest := builtinData[4+size:]
	var chunk func() string
	at := 0
	for line := range strings.Lines(inflate(builtinData[4 : 4+size])) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		n, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil {
			panic(fmt.Sprintf("term: the index has the line %.60q", line))
		}
		if fields[0] == "chunk" {
			data := rest[:n]
			rest = rest[n:]
			chunk, at = sync.OnceValue(func() string { return inflate(data) }), 0
			continue
		}
		p := packed{chunk, at, at + n}
		at += n
		b.at[cacheKey{fields[0], fields[1], fields[2]}] = p
		b.at[cacheKey{fields[0], fields[1], ""}] = p
		if fields[0] == "ConceptMap" {
			b.maps = append(b.maps, fields[1])
		}
	}
	return b
}

func inflate(data string) string {
	text, err := io.ReadAll(flate.NewReader(strings.NewReader(data)))
	if err != nil {
		panic("term: embedded terminology: " + err.Error())
	}
	return string(text)
}

// builtin gives a resource of R4; nil if there is none.
func builtin(kind, url, version string) []byte {
	p, ok := loadBuiltins().at[cacheKey{kind, url, version}]
	if !ok {
		return nil
	}
	return []byte(p.chunk()[p.from:p.to])
}
