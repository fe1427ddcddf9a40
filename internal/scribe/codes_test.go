// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"galen/internal/engine/mem"
	"galen/internal/fault"
	"galen/internal/scribe"
	"galen/internal/scribe/asr/replay"
)

// TestCodes asks for the codes of the note: of a coder that gives some, of one that cannot, of nobody, and not at all.
func TestCodes(t *testing.T) {
	coder := func(_ context.Context, v scribe.Visit, note []byte) ([]scribe.File, error) {
		if v.Session.Config.Coding == nil {
			return nil, fault.New(fault.Unprocessable, "there are no codes today")
		}
		return []scribe.File{{Name: "medical-codes/medicalCodes.json", Body: fmt.Appendf(nil, "%q", v.Session.Config.Coding.Sex+" "+string(note))}}, nil
	}
	for i, c := range []struct {
		coder  func(context.Context, scribe.Visit, []byte) ([]scribe.File, error)
		ask    bool
		coding *scribe.Coding
		status scribe.DocumentStatus
		reason string
	}{
		{coder, true, &scribe.Coding{Sex: "FEMALE", Date: "2026-03-01"}, scribe.Written, ""},
		{coder, true, nil, scribe.Spoiled, "there are no codes today"},
		{nil, true, nil, scribe.Spoiled, "notes are not coded here"},
		{coder, false, &scribe.Coding{}, "", ""},
	} {
		h := newHouse(t, mem.New(), replay.New(turns(2)))
		h.opt.Coder = c.coder
		h.restart()
		with := config
		with.Codes, with.Coding = c.ask, c.coding
		x := h.connect(request(i), with)
		x.say(2)
		if err := x.End(); err != nil {
			t.Fatal(err)
		}
		x.close()
		s := h.work(request(i).Key)
		if s.Codes.Status != c.status || s.Codes.Reason != c.reason || s.Note.Status != scribe.Written || s.Summary.Status != scribe.Written {
			t.Errorf("%d: %+v", i, s)
		}
		if c.status == scribe.Written {
			var got string
			if h.read(s.Codes.Location, &got); got != "FEMALE 2" || !strings.HasSuffix(s.Codes.Location, "/post-stream-action/medical-codes/medicalCodes.json") {
				t.Errorf("%q at %s", got, s.Codes.Location)
			}
		}
	}
}
