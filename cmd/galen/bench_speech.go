// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/sherpa"
	"galen/internal/scribe/asr/speech"
	"galen/internal/scribe/asr/sphinx"
)

// speechBench measures the recognisers that are there, and live visits.
type speechBench struct {
	folder   string // of speech whose words are known
	models   string
	dir      string // for the data of servers
	progress io.Writer

	talk []speech.Clip // what is said in live visits
}

// heardBy is what was measured of one recogniser.
type heardBy struct {
	name   string
	flags  []string // that make a server hear with it
	open   asr.Provider
	scores []scored
	live   speech.Delays
	load   float64 // processor time a second of live speech
}

type scored struct {
	set speech.Set
	speech.Score
}

// noiseBelow is how far below the speech the noise is that is mixed in, in dB.
const noiseBelow = 10

// longestTalk bounds the clips that are said live.
const longestTalk = 12 * time.Second

// run measures what each recogniser hears, and then live visits and their notes, of which live are the rows.
func (b *speechBench) run(ctx context.Context) (list []heardBy, live []row, err error) {
	sets, err := b.sets(ctx)
	if err != nil {
		return nil, nil, err
	}
	if list, err = b.recognisers(); err != nil {
		return nil, nil, err
	}
	for i := range list {
		if err := b.hear(ctx, &list[i], sets); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", list[i].name, err)
		}
	}
	if live, err = b.visits(ctx, list); err != nil {
		return list, live, err
	}
	notes, err := b.notes(ctx)
	return list, append(live, notes...), err
}

func (b *speechBench) say(what string) { fmt.Fprintf(b.progress, "galen bench: %s…\n", what) }

// sets are what recognisers are measured with: what the folder holds, the first of it in noise, and what a synthesiser says.
func (b *speechBench) sets(ctx context.Context) ([]speech.Set, error) {
	sets, err := speech.Read(b.folder)
	if err != nil {
		return nil, err
	}
	for _, c := range sets[0].Clips {
		if asr.Duration(int64(len(c.Samples))) <= longestTalk {
			b.talk = append(b.talk, c)
		}
	}
	sets = slices.Insert(sets, 1, speech.Noisy(sets[0], noiseBelow))
	spoken, err := speech.Speak(ctx)
	if err != nil {
		b.say("without names of drugs: " + err.Error())
		return sets, nil
	}
	return append(sets, spoken), nil
}

// recognisers are those that hear here. Models that silero tells speech from noise for are measured by energy too.
func (b *speechBench) recognisers() (list []heardBy, err error) {
	byEnergy := filepath.Join(b.dir, "by-energy")
	for _, m := range sherpa.Models(b.models) {
		folder := filepath.Join(b.models, m.Name)
		list = b.add(list, m, folder)
		if m.VAD == "" || m.VAD != sherpa.Detector(b.models) {
			continue
		}
		if folder, err = filepath.Abs(folder); err != nil {
			return nil, err
		}
		link := filepath.Join(byEnergy, m.Name)
		if err := errors.Join(os.MkdirAll(byEnergy, 0o700), os.Symlink(folder, link)); err != nil {
			return nil, err
		}
		m.VAD = ""
		list = b.add(list, m, link)
	}
	if p, err := sphinx.Find(); err == nil {
		list = append(list, heardBy{name: "pocketsphinx", open: p, flags: []string{"--recogniser", "pocketsphinx"}})
	} else {
		b.say("without pocketsphinx: " + err.Error())
	}
	return list, nil
}

// add adds a model.
func (b *speechBench) add(list []heardBy, m sherpa.Model, folder string) []heardBy {
	p, err := sherpa.Find(folder)
	if err != nil {
		b.say("without " + m.Name + ": " + err.Error())
		return list
	}
	name := m.Name
	if m.VAD != "" {
		name += " and silero"
	}
	return append(list, heardBy{name: name, open: p, flags: []string{"--recogniser", "sherpa", "--recogniser-model", folder}})
}

// hear has one recogniser hear all sets, and then a talk as it is spoken.
func (b *speechBench) hear(ctx context.Context, r *heardBy, sets []speech.Set) error {
	for _, s := range sets {
		b.say(r.name + " hears " + s.Name)
		score, err := speech.Hear(ctx, r.open, s)
		if err != nil {
			return err
		}
		r.scores = append(r.scores, scored{s, score})
	}
	b.say(r.name + " hears a talk")
	track := speech.NewTalk(b.talk, 1)[0]
	used := speech.ChildrenCPU()
	came, err := speech.Live(ctx, r.open, track)
	r.live = track.Delays(came)
	r.load = (speech.ChildrenCPU() - used).Seconds() / asr.Duration(int64(len(track.Samples))).Seconds()
	return err
}

func (r heardBy) rows() []row {
	var rows []row
	for _, s := range r.scores {
		rows = append(rows, row{Work: r.name + ": words wrong, " + s.set.Name, Value: 100 * s.Words.Rate(), Unit: "%", Goal: "–", Note: fmt.Sprintf("%d of %d", s.Words.Wrong, s.Words.Words)})
		if s.Names.Words > 0 {
			rows = append(rows, row{Work: r.name + ": names of drugs wrong", Value: 100 * s.Names.Rate(), Unit: "%", Goal: "–", Note: fmt.Sprintf("%d of %d", s.Names.Wrong, s.Names.Words)},
				row{Work: r.name + ": names of drugs wrong once corrected", Value: 100 * s.Mended.Rate(), Unit: "%", Goal: "–", Note: fmt.Sprintf("%d of %d", s.Mended.Wrong, s.Mended.Words)})
		}
	}
	rows = append(rows,
		row{Work: r.name + ": processor time a second of speech, as fast as it can", Value: r.speed(), Unit: "s", Goal: "–", Note: "starts included"},
		row{Work: r.name + ": the same, live, with partial results", Value: r.load, Unit: "s", Goal: "< 0.50", Note: "two visits of two channels on two cores"},
		row{Work: r.name + ": memory of a process", Value: float64(r.memory()) / (1 << 20), Unit: "MiB", Goal: "–"})
	return append(rows, delayRows(r.name, r.live)...)
}

// speed is the processor time that a second of speech takes, as fast as it can be heard.
func (r heardBy) speed() float64 {
	var audio, used time.Duration
	for _, s := range r.scores {
		audio, used = audio+s.set.Length(), used+s.CPU
	}
	return used.Seconds() / audio.Seconds()
}

// memory is the most that a process had, in bytes.
func (r heardBy) memory() (most int64) {
	for _, s := range r.scores {
		most = max(most, s.Memory)
	}
	return most
}

// delayRows are how long one waits.
func delayRows(name string, d speech.Delays) (rows []row) {
	for _, x := range []struct {
		what, goal string
		list       []time.Duration
	}{{"first result after speech begins", "≤ 500", d.First}, {"first result whose first word is right", "–", d.Right}, {"final result after the pause begins", "≤ 1,000", d.Final}} {
		if len(x.list) == 0 {
			continue
		}
		slices.Sort(x.list)
		rows = append(rows, row{Work: name + ": " + x.what + ", p50", Value: milliseconds(x.list[len(x.list)/2]), Unit: "ms", Goal: x.goal, Floor: milliseconds(speech.Piece),
			Of: "the piece it comes in", Note: fmt.Sprintf("longest %.0f ms; %d of %d stretches", milliseconds(x.list[len(x.list)-1]), len(x.list), d.Spans)})
	}
	return rows
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
