// SPDX-License-Identifier: Apache-2.0

package record_test

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"galen/internal/record"
)

func TestRowsComeBack(t *testing.T) {
	s := record.State{Seq: 1 << 40, Millis: -5}
	s.Set(record.Counter{Type: 9, Next: 1, Live: 1})
	s.Set(record.Counter{Type: 2, Next: record.None - 1, Live: 7})
	s.Set(record.Counter{Type: 9, Next: 3, Live: 2})
	if got, err := record.ParseState(record.AppendState(nil, &s)); err != nil || !reflect.DeepEqual(got, s) {
		t.Errorf("state %+v, %v; want %+v", got, err, s)
	}
	for _, v := range []record.Version{
		{Type: 3, ID: "a", Number: 4, VersionID: 1, Previous: record.None, Time: time.UnixMilli(0).UTC(), Method: record.Post, Body: []byte("{}")},
		{Type: 3, ID: strings.Repeat("x", 64), VersionID: 1 << 31, Previous: 0, Time: time.UnixMilli(1 << 41).UTC(), Method: record.Delete},
	} {
		row := append(record.AppendBodyHeader(nil, &v), v.Body...)
		if got, err := record.ParseBody(row, v.Type, v.Number); err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("body %+v, %v; want %+v", got, err, v)
		}
	}
}

func TestKeysSortAsTheyMean(t *testing.T) {
	ordered := [][]byte{
		record.AppendOlderKey(nil, 1, 2, "a", 2),
		record.AppendOlderKey(nil, 1, 2, "a", 1),
		record.AppendOlderKey(nil, 1, 2, "a.b", 300),
		record.AppendOlderKey(nil, 1, 2, "b", 1),
		record.AppendOlderKey(nil, 1, 3, "a", 1),
	}
	for i := 1; i < len(ordered); i++ {
		if bytes.Compare(ordered[i-1], ordered[i]) >= 0 {
			t.Errorf("key %d is not below key %d", i-1, i)
		}
	}
}

// TestFormatsAreDocumented holds docs/formats/rows.md to the kinds there are.
func TestFormatsAreDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "formats", "rows.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range append(record.Rows(), record.Terms()...) {
		if row := "| `" + string(l.Kind) + "` " + l.Name + " |"; !bytes.Contains(text, []byte(row)) {
			t.Errorf("docs/formats/rows.md lacks a row that begins with %q", row)
		}
	}
}

func FuzzParse(f *testing.F) {
	s := record.State{Seq: 3, Millis: 5, Types: []record.Counter{{Type: 1, Next: 2, Live: 1}}}
	f.Add(record.AppendState(nil, &s))
	f.Add(append(record.AppendBodyHeader(nil, &record.Version{ID: "a", VersionID: 1, Previous: record.None, Method: record.Put}), "{}"...))
	f.Add(record.AppendIdentity(nil, record.Identity{Number: 1, VersionID: 2, Deleted: true}))
	f.Add(record.AppendOlder(nil, record.Identity{Number: 1}))
	f.Add(record.AppendSeq(nil, 9))
	f.Fuzz(func(t *testing.T, src []byte) {
		if s, err := record.ParseState(src); err == nil && len(src) > 0 {
			if again, err := record.ParseState(record.AppendState(nil, &s)); err != nil || !reflect.DeepEqual(again, s) {
				t.Errorf("state %+v comes back as %+v, %v", s, again, err)
			}
		}
		if v, err := record.ParseBody(src, 1, 2); err == nil {
			row := append(record.AppendBodyHeader(nil, &v), v.Body...)
			if again, err := record.ParseBody(row, 1, 2); err != nil || !reflect.DeepEqual(again, v) {
				t.Errorf("version %+v comes back as %+v, %v", v, again, err)
			}
		}
		if i, err := record.ParseIdentity(src); err == nil {
			if again, err := record.ParseIdentity(record.AppendIdentity(nil, i)); err != nil || again != i {
				t.Errorf("identity %+v comes back as %+v, %v", i, again, err)
			}
		}
		if i, err := record.ParseOlder(src); err == nil {
			if again, err := record.ParseOlder(record.AppendOlder(nil, i)); err != nil || again != i {
				t.Errorf("older %+v comes back as %+v, %v", i, again, err)
			}
		}
		if n, err := record.ParseSeq(src); err == nil {
			if again, err := record.ParseSeq(record.AppendSeq(nil, n)); err != nil || again != n {
				t.Errorf("position %d comes back as %d, %v", n, again, err)
			}
		}
	})
}
