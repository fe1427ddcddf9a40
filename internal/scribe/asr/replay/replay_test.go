// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/asrtest"
	"galen/internal/scribe/asr/replay"
)

const script = `{"turns":[{"speaker":"doctor","start":0.5,"end":2.5,"text":"how are you today"},
	{"speaker":"patient","start":2.6,"end":3.4,"text":"fine"},{"speaker":"doctor","start":4,"end":4.5,"text":"good"},
	{"speaker":"doctor","start":9,"end":12,"text":"never heard"}]}`

func TestContract(t *testing.T) {
	turns, err := replay.Read(strings.NewReader(script))
	if err != nil {
		t.Fatal(err)
	}
	asrtest.Run(t, replay.New(turns), make([]int16, 10*asr.Rate))
	asrtest.Run(t, asr.Restarting(replay.New(turns), 3), make([]int16, 10*asr.Rate))
}

func TestEachChannelSaysItsOwn(t *testing.T) {
	turns, err := replay.Read(strings.NewReader(script))
	if err != nil {
		t.Fatal(err)
	}
	for channel, want := range []string{"how are you today|good", "fine"} {
		finals, _ := asrtest.Hear(t, replay.New(turns), make([]int16, 10*asr.Rate), asr.Options{Channel: channel})
		var got []string
		for _, r := range finals {
			got = append(got, r.Text)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("channel %d says %q, want %q", channel, got, want)
		}
	}
	finals, _ := asrtest.Hear(t, replay.New(turns), make([]int16, 10*asr.Rate), asr.Options{Begin: 3 * time.Second})
	if len(finals) != 2 || finals[0].Text != "good" {
		t.Errorf("from the third second on: %+v", finals)
	}
}

func TestBadTranscript(t *testing.T) {
	if _, err := replay.Read(strings.NewReader(`{"turns":[`)); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
