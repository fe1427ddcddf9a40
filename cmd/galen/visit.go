// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"galen/internal/fault"
	"galen/internal/scribe"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/audio"
	"galen/internal/scribe/drugs"
	"galen/internal/scribe/note"
	"galen/internal/scribe/transcript"
)

// visit is one visit that is heard and written down on the command line.
type visit struct {
	recogniser               recogniserConfig
	data, template, channels string
	out                      string // folder for the files; empty: none
	asJSON, mic              bool
}

func newScribeCommand() *cobra.Command {
	v := &visit{}
	c := &cobra.Command{
		Use:   "scribe FILE.wav|FILE.flac",
		Short: "Hear a recorded visit, or one at the microphone, and write its note",
		Long: `Hear a visit and write its note, on this machine, without a server. The transcript appears as it is heard, on standard error;
the note, as Markdown, on standard output.

  galen scribe visit.flac
  galen scribe visit.wav --template BEHAVIORAL_SOAP --out notes
  galen scribe --mic                  ends with Ctrl-C

A recording of two channels has the clinician on the first and the patient on the second, or as --channels says. In one
of one channel who speaks is guessed from what is said. Notes are drafts: a clinician checks them against what was said.

Templates: ` + strings.Join(scribe.Templates, ", "),
		Args: wants(0, 1, "one file", "galen scribe visit.wav"),
		RunE: func(c *cobra.Command, args []string) error {
			if v.mic == (len(args) == 1) {
				return usageError{errors.New("galen scribe wants a file, or --mic")}
			}
			return v.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr(), args)
		},
	}
	v.recogniser.flags(c.Flags())
	c.Flags().StringVar(&v.data, "data", "./galen-data", "folder of everything that is kept; models are in its folder models")
	c.Flags().StringVar(&v.template, "template", scribe.Templates[0], "form of the note")
	c.Flags().StringVar(&v.channels, "channels", "clinician,patient", "who speaks on which channel, of two")
	c.Flags().StringVar(&v.out, "out", "", "folder to write transcript, note and after-visit summary to")
	c.Flags().BoolVar(&v.asJSON, "json", false, "print the note as clinicalDoc.json")
	c.Flags().BoolVar(&v.mic, "mic", false, "hear the microphone, by arecord, parec or rec")
	return c
}

func (v *visit) run(ctx context.Context, out, live io.Writer, args []string) error {
	if !slices.Contains(scribe.Templates, v.template) {
		return usageError{fmt.Errorf("--template %q is none of %s", v.template, strings.Join(scribe.Templates, ", "))}
	}
	roles, err := v.roles()
	if err != nil {
		return err
	}
	provider, err := v.recogniser.open(modelFolder(v.data))
	if err != nil {
		return err
	}
	names, err := readDrugs(filepath.Join(v.data, "terminology"))
	if err != nil {
		return err
	}
	in, format, end, err := v.source(ctx, args)
	if err != nil {
		return err
	}
	info := provider.Info()
	fmt.Fprintln(live, strings.TrimSpace("Heard by "+info.Name+" "+info.Model+". "+info.Notice))
	s := newScreen(live, format.Channels)
	hearing := ctx
	if v.mic {
		hearing = context.WithoutCancel(ctx) // Ctrl-C ends the audio; what was said is still heard
	}
	segments, heard, err := hear(hearing, asr.Restarting(provider, 2), in, format, roles, names, s)
	if err := errors.Join(err, end()); err != nil {
		return err
	}
	if len(roles) == 0 || format.Channels == 1 {
		transcript.Guess(segments)
	}
	now := time.Now()
	return v.write(hearing, out, live, scribe.Visit{Segments: segments, Session: scribe.Session{Key: scribe.Key{ID: scribe.NewID()}, Language: "en-US", Rate: format.Rate, Encoding: format.Encoding,
		Config:  &scribe.Config{Template: scribe.Template{Type: v.template}, Channels: channelList(format, roles)},
		Created: now, Ended: now, Heard: heard, Recogniser: info.Name, Notice: info.Notice}})
}

// roles are those of the channels.
func (v *visit) roles() ([]transcript.Role, error) {
	switch strings.ToLower(strings.ReplaceAll(v.channels, " ", "")) {
	case "clinician,patient":
		return []transcript.Role{transcript.Clinician, transcript.Patient}, nil
	case "patient,clinician":
		return []transcript.Role{transcript.Patient, transcript.Clinician}, nil
	}
	return nil, usageError{fmt.Errorf("--channels %q is not clinician,patient or patient,clinician", v.channels)}
}

func channelList(f audio.Format, roles []transcript.Role) []scribe.Channel {
	if f.Channels != 2 {
		return nil
	}
	return []scribe.Channel{{ID: 0, Role: roles[0]}, {ID: 1, Role: roles[1]}}
}

// source opens the file or the microphone; end closes it.
func (v *visit) source(ctx context.Context, args []string) (in io.Reader, f audio.Format, end func() error, err error) {
	if v.mic {
		return microphone(ctx)
	}
	file, err := os.Open(args[0])
	if err != nil {
		return nil, f, nil, err
	}
	r := bufio.NewReaderSize(file, 64<<10)
	if f, err = audio.ReadFormat(r); err != nil {
		file.Close()
		return nil, f, nil, fmt.Errorf("%s: %w", args[0], err)
	}
	return r, f, file.Close, nil
}

// microphone starts the recorder that is there. It stops when ctx ends.
func microphone(ctx context.Context) (io.Reader, audio.Format, func() error, error) {
	f := audio.Format{Encoding: audio.PCM, Rate: audio.Rate, Channels: 1}
	for _, args := range [][]string{
		{"arecord", "-q", "-t", "raw", "-f", "S16_LE", "-r", "16000", "-c", "1"},
		{"parec", "--raw", "--format=s16le", "--rate=16000", "--channels=1"},
		{"rec", "-q", "-t", "raw", "-e", "signed", "-b", "16", "-r", "16000", "-c", "1", "-"},
	} {
		program, err := exec.LookPath(args[0])
		if err != nil {
			continue
		}
		c := exec.CommandContext(ctx, program, args[1:]...)
		c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
		c.WaitDelay = time.Second
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			return nil, f, nil, fault.Wrap(fault.Unavailable, err, "%s cannot be started", args[0])
		}
		return out, f, func() error {
			if err := c.Wait(); err != nil && ctx.Err() == nil {
				return fault.Wrap(fault.Unavailable, err, "%s stopped: is there a microphone?", args[0])
			}
			return nil
		}, nil
	}
	return nil, f, nil, fault.New(fault.Unavailable, "there is no recorder: install alsa-utils (arecord), pulseaudio-utils (parec) or sox (rec)")
}

// hear lets a recogniser a channel hear in, and gives what was said in order of time, and how many seconds there were.
func hear(ctx context.Context, p asr.Provider, in io.Reader, f audio.Format, roles []transcript.Role, names *drugs.Lexicon, s *screen) ([]transcript.Segment, float64, error) {
	decoder, err := audio.NewDecoder(f)
	if err != nil {
		return nil, 0, err
	}
	var (
		list     []asr.Recogniser
		reading  sync.WaitGroup
		mu       sync.Mutex
		segments []transcript.Segment // guarded by mu
	)
	defer func() {
		for _, r := range list {
			r.Close()
		}
		reading.Wait()
	}()
	for channel := range f.Channels {
		r, err := p.Open(ctx, asr.Options{Channel: channel})
		if err != nil {
			return nil, 0, err
		}
		list = append(list, r)
		role := transcript.Unknown
		if f.Channels == 2 {
			role = roles[channel]
		}
		reading.Go(func() {
			for result := range r.Results() {
				if !result.Partial {
					segment := names.Mend(scribe.Segment(scribe.NewID(), channel, role, result))
					result.Text = segment.Content
					mu.Lock()
					segments = append(segments, segment)
					mu.Unlock()
				}
				s.show(channel, role, result)
			}
			s.end(channel)
		})
	}
	samples, err := pushAll(ctx, decoder, in, list)
	if err != nil {
		return nil, 0, err
	}
	reading.Wait()
	for _, r := range list {
		err = errors.Join(err, r.Err())
	}
	slices.SortStableFunc(segments, func(a, b transcript.Segment) int { return cmp.Compare(a.Begin, b.Begin) })
	return segments, asr.Duration(samples).Seconds(), err
}

// pushAll lets the recognisers hear all of in, and gives how many samples there were.
func pushAll(ctx context.Context, d audio.Decoder, in io.Reader, list []asr.Recogniser) (int64, error) {
	var total int64
	push := func(samples [][]int16) error {
		total += int64(len(samples[0]))
		for i, r := range list {
			if err := r.Push(ctx, samples[i]); err != nil {
				return err
			}
		}
		return nil
	}
	piece := make([]byte, scribe.MaxPiece/10)
	for {
		n, ended := in.Read(piece)
		if n > 0 {
			samples, err := d.Write(piece[:n])
			if err := errors.Join(push(samples), err); err != nil {
				return total, err
			}
		}
		if errors.Is(ended, io.EOF) || errors.Is(ended, os.ErrClosed) {
			break
		}
		if ended != nil {
			return total, fmt.Errorf("the audio cannot be read: %w", ended)
		}
	}
	samples, err := d.Close()
	err = errors.Join(push(samples), err)
	for _, r := range list {
		err = errors.Join(err, r.Finish())
	}
	return total, err
}

// write writes the documents of a visit.
func (v *visit) write(ctx context.Context, out, live io.Writer, x scribe.Visit) error {
	if len(x.Segments) == 0 {
		fmt.Fprintln(live, "Nothing was said.")
	}
	w := &note.Writer{}
	files, err1 := w.Transcript(ctx, x)
	own, more, err2 := w.Note(ctx, x)
	summary, err3 := w.Summary(ctx, x, own)
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	shown := "note.md"
	if v.asJSON {
		shown = "clinicalDoc.json"
	}
	for _, f := range slices.Concat(files, more, summary) {
		name := path.Base(f.Name)
		if name == shown {
			if _, err := out.Write(f.Body); err != nil {
				return err
			}
		}
		if v.out == "" {
			continue
		}
		if err := os.MkdirAll(v.out, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(v.out, name), f.Body, 0o600); err != nil {
			return err
		}
	}
	return nil
}
