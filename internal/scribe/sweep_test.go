// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"galen/internal/engine/mem"
	"galen/internal/scribe"
	"galen/internal/scribe/asr/replay"
)

func TestSweep(t *testing.T) {
	h := newHouse(t, mem.New(), replay.New(turns(3)))
	now := time.Now()
	h.opt.Now = func() time.Time { return now }
	h.restart()
	c := h.connect(request(1), config)
	c.say(3)
	c.close()
	l, err := h.Connect(t.Context(), request(2))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	now = now.Add(6 * time.Hour)
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := h.get(request(2).Key); s.Status != scribe.Failed {
		t.Errorf("a session in which nothing was said how: %+v", s)
	}
	s := h.work(request(1).Key)
	if got := h.heard(s); s.Status != scribe.Completed || !slices.Equal(got, want(0, 3)) {
		t.Errorf("%+v heard %q", s, got)
	}
	now = now.Add(6 * time.Hour)
	if err := h.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, err := filesIn(h.opt.Folder); err != nil || left != 0 {
		t.Errorf("%d recordings are kept, %v", left, err)
	}
}

func filesIn(folder string) (int, error) {
	entries, err := os.ReadDir(folder)
	return len(entries), err
}
