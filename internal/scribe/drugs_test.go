// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"slices"
	"testing"
	"time"

	"galen/internal/engine/mem"
	"galen/internal/scribe/asr/replay"
	"galen/internal/scribe/drugs"
	"galen/internal/scribe/transcript"
)

// TestDrugs: names of drugs are corrected in final segments, live and in the transcript, with what was heard beside them; the option says which names there are.
func TestDrugs(t *testing.T) {
	said := []replay.Turn{{Channel: 0, Begin: 0, End: 900 * time.Millisecond, Text: "I started you on furosamide 20 milligrams"},
		{Channel: 1, Begin: time.Second, End: 1900 * time.Millisecond, Text: "and I take vonaprazan every day"}}
	h := newHouse(t, mem.New(), replay.New(said))
	for i, c := range []struct {
		names *drugs.Lexicon
		want  []string
	}{
		{nil, []string{"I started you on furosemide 20 milligrams", "and I take vonaprazan every day"}},
		{drugs.Builtin().With(slices.Values([]string{"vonoprazan"})), []string{"I started you on furosemide 20 milligrams", "and I take vonoprazan every day"}},
	} {
		h.opt.Drugs = c.names
		h.restart()
		x := h.connect(request(i), config)
		x.say(2)
		if err := x.End(); err != nil {
			t.Fatal(err)
		}
		x.close()
		s := h.work(request(i).Key)
		if got := h.heard(s); !slices.Equal(got, c.want) {
			t.Errorf("%d: the transcript has %q, want %q", i, got, c.want)
		}
		var kept []transcript.Segment
		h.read(s.Transcript.Location, &kept)
		if got, want := kept[0].Mended, []transcript.Mend{{Begin: 17, End: 27, Heard: "furosamide"}}; !slices.Equal(got, want) {
			t.Errorf("%d: what was heard is %+v, want %+v", i, got, want)
		}
		at := slices.IndexFunc(x.finals, func(s transcript.Segment) bool { return s.ID == kept[0].ID })
		if at < 0 || x.finals[at].Content != c.want[0] {
			t.Errorf("%d: the client was told %+v", i, x.finals)
		}
	}
}
