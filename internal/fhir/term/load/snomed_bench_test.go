// SPDX-License-Identifier: Apache-2.0

package load_test

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"galen/internal/fhir/term"
	"galen/internal/fhir/term/load"
)

// The size of SNOMED CT's international edition, rounded up.
const (
	manyConcepts      = 350_000
	manyDescriptions  = 1_500_000
	manyRelationships = 3_000_000 // of which half are out of use, as in a real snapshot
)

// rows is a made-up file: it is written as it is read.
type rows struct {
	n, i int
	row  func(dst []byte, i int) []byte
	buf  bytes.Buffer
	line []byte
}

func (r *rows) Read(p []byte) (int, error) {
	for r.buf.Len() < len(p) && r.i < r.n {
		r.line = r.row(r.line[:0], r.i)
		r.buf.Write(r.line)
		r.i++
	}
	return r.buf.Read(p)
}

// madeUpSnomed is a release of SNOMED CT's size and shape: a hierarchy of about 15 levels with 1.7 parents a concept, 2.6 attributes for each of
// 60 kinds, descriptions of 45 characters.
func madeUpSnomed() load.SnomedFiles {
	id := func(dst []byte, c int) []byte {
		if c == 0 {
			return append(dst, "138875005"...)
		}
		return strconv.AppendInt(dst, int64(100_000_000+c*17), 10)
	}
	random := func(i, salt int) int { return int(uint64(i*salt)*0x9E3779B97F4A7C15>>33) & 0x7fffffff }
	field := func(dst []byte, s string) []byte { return append(append(dst, '\t'), s...) }
	head := func(n int, columns string, row func(dst []byte, i int) []byte) io.Reader {
		return &rows{n: n + 1, row: func(dst []byte, i int) []byte {
			if i == 0 {
				return append(dst, columns...)
			}
			return append(row(dst, i-1), '\n')
		}}
	}
	const module = "\t20240101\t1\t900000000000207008"
	concepts := head(manyConcepts, "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n", func(dst []byte, i int) []byte {
		return field(append(id(dst, i), module...), "900000000000074008")
	})
	descriptions := head(manyDescriptions, "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n", func(dst []byte, i int) []byte {
		kind := "\ten\t900000000000013009\t"
		if i < manyConcepts {
			kind = "\ten\t900000000000003001\t"
		}
		dst = append(strconv.AppendInt(dst, int64(i), 10), module...)
		dst = append(id(append(dst, '\t'), i%manyConcepts), kind...)
		return fmt.Appendf(dst, "chronic finding %x of structure number %x (%d)\t900000000000448009", random(i, 7), i%manyConcepts, i%9)
	})
	relationships := head(manyRelationships, "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\tcharacteristicTypeId\tmodifierId\n", func(dst []byte, i int) []byte {
		active, kind, from := "\t20240101\t1\t900000000000207008\t", "116680003", 1+i%(manyConcepts-1)
		to := from / (2 + random(i, 11)%3) // 15 levels
		switch {
		case i >= manyRelationships/2:
			active = "\t20240101\t0\t900000000000207008\t"
		case i >= 600_000:
			kind, to = strconv.Itoa(100_000_000+(1+random(i, 5)%60)*17), random(i, 3)%manyConcepts
		}
		dst = append(strconv.AppendInt(dst, int64(i), 10), active...)
		dst = id(append(id(dst, from), '\t'), to)
		return append(field(append(dst, "\t0"...), kind), "\t900000000000011006\t900000000000451002"...)
	})
	return load.SnomedFiles{Concepts: concepts, Descriptions: []io.Reader{descriptions}, Relationships: relationships}
}

// BenchmarkSnomed reads a release of SNOMED CT's size, writes its file, opens that and asks: make snomed.
func BenchmarkSnomed(b *testing.B) {
	path := filepath.Join(b.TempDir(), "snomed.terms")
	for b.Loop() {
		sys, err := load.Snomed(madeUpSnomed(), "http://snomed.info/sct/900000000000207008/version/20240101")
		if err != nil {
			b.Fatal(err)
		}
		data, err := sys.AppendBinary(nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(data))/float64(sys.Len()), "bytes/concept")
		b.ReportMetric(float64(len(data))/(1<<20), "MiB")
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(memory.HeapSys)/(1<<20), "MiB-heap-at-most")
	data, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	sys, err := term.Open(data)
	if err != nil {
		b.Fatal(err)
	}
	ask(b, serve(sys))
}

// ask reports what questions take, of a system that is opened.
func ask(b *testing.B, s *term.Service) {
	for name, expression := range map[string]string{"ms-below-root": "<<138875005", "ms-two-levels": "<!138875005", "ms-attribute": "<<138875005: << 100000017 = <<100000034"} {
		begin := time.Now()
		ok, err := s.MemberOf("http://snomed.info/sct?fhir_vs=ecl/"+url.QueryEscape(expression), term.Coding{System: "http://snomed.info/sct", Code: "100000051"})
		if err != nil {
			b.Fatal(name, ok, err)
		}
		b.ReportMetric(float64(time.Since(begin).Microseconds())/1000, name)
	}
}
