// SPDX-License-Identifier: Apache-2.0

package speech

import (
	"context"
	"errors"
	"strings"
	"time"

	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/wer"
	"galen/internal/scribe/drugs"
	"galen/internal/scribe/transcript"
)

// Score is what a recogniser made of a set.
type Score struct {
	Words, Names wer.Count
	Mended       wer.Count     // the names, once they are corrected as the scribe corrects them
	CPU          time.Duration // of its processes; 0 if it has none that have ended, or the system does not say
	Memory       int64         // of the largest of its processes at the end of a clip, in bytes; 0 as CPU
}

// Hear has a recogniser of p hear the clips of a set one after another, as fast as it takes them. CPU and Memory are of all processes that the
// caller has started: none of its own may run meanwhile.
func Hear(ctx context.Context, p asr.Provider, s Set) (Score, error) {
	var score Score
	used := ChildrenCPU()
	for _, c := range s.Clips {
		texts, err := hear(ctx, p, c, &score.Memory)
		if err != nil {
			return score, err
		}
		heard, said := wer.Words(strings.Join(texts, " ")), wer.Words(c.Text)
		score.Words.Add(wer.Compare(heard, said))
		score.Names.Add(wer.CompareNames(heard, said, s.Names))
		for i, text := range texts {
			texts[i] = drugs.Builtin().Mend(transcript.Segment{Content: text}).Content
		}
		score.Mended.Add(wer.CompareNames(wer.Words(strings.Join(texts, " ")), said, s.Names))
	}
	score.CPU = ChildrenCPU() - used
	return score, nil
}

// hear gives the texts of a clip, and raises memory to what the processes have once all is pushed.
func hear(ctx context.Context, p asr.Provider, c Clip, memory *int64) ([]string, error) {
	r, err := p.Open(ctx, asr.Options{})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	failed := make(chan error, 1)
	go func() {
		err := r.Push(ctx, c.Samples)
		*memory = max(*memory, childrenMemory())
		failed <- errors.Join(err, r.Finish())
	}()
	var texts []string
	for result := range r.Results() {
		if !result.Partial {
			texts = append(texts, result.Text)
		}
	}
	return texts, errors.Join(<-failed, r.Err())
}
