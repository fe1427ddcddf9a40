// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/job"
	"galen/internal/scribe/recording"
	"galen/internal/scribe/transcript"
)

// KindDocuments is the kind of jobs that write documents.
const KindDocuments = "scribe/documents"

func newJob(k Key) job.Job {
	spec, _ := json.Marshal(k) // strings cannot fail
	return job.Job{Kind: KindDocuments, Queue: "scribe/" + k.Account, Name: k.ID, Spec: spec}
}

// Handlers are for the queue that the service was made with.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindDocuments: s.write}
}

// Attempts are made of what may fail for a while: hearing, and storing documents.
const (
	attempts = 4
	firstGap = 500 * time.Millisecond
)

// again calls do until it does not fail, a few times.
func again(ctx context.Context, do func() error) error {
	var err error
	for i := range attempts {
		if err = do(); err == nil || ctx.Err() != nil || !temporary(err) {
			return err
		}
		select {
		case <-time.After(firstGap << (2 * i)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

func temporary(err error) bool {
	kind := fault.KindOf(err)
	return kind == fault.Unavailable || kind == fault.Internal || kind == fault.Throttled
}

// write hears what is not heard yet, and writes the documents of a session, each by itself.
func (s *Service) write(ctx context.Context, run *job.Run) (job.State, error) {
	var k Key
	if err := json.Unmarshal(run.Job.Spec, &k); err != nil {
		return job.Failed, fault.Wrap(fault.Internal, err, "the job cannot be read")
	}
	session, _, err := s.load(ctx, k)
	if err != nil {
		return job.Failed, err
	}
	if err := again(ctx, func() error { return s.hearRest(ctx, &session) }); err != nil {
		if ctx.Err() != nil {
			return job.Failed, err
		}
		session.Notice = join(session.Notice, "Part of the audio could not be heard.")
	}
	h, err := s.readHistory(k)
	if err != nil {
		return job.Failed, s.spoil(ctx, k, err)
	}
	slices.SortStableFunc(h.segments, func(a, b transcript.Segment) int { return cmp.Compare(a.Begin, b.Begin) })
	transcript.Guess(h.segments)
	w := &writing{s: s, visit: Visit{session, h.segments}, note: h.note}
	flawed := w.all(ctx)
	if ctx.Err() != nil {
		return job.Failed, ctx.Err()
	}
	if flawed {
		return job.DoneWithFlaws, nil
	}
	if s.opt.Retention == 0 {
		return job.Done, s.forget(k)
	}
	return job.Done, nil
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + " " + b
}

// hearRest hears the part of a session's audio that was not heard while it was connected.
func (s *Service) hearRest(ctx context.Context, session *Session) error {
	h, err := s.readHistory(session.Key)
	if err != nil {
		return err
	}
	if h.covered[0] >= h.length && (session.Config.channels() == 1 || h.covered[1] >= h.length) {
		return nil
	}
	file, err := recording.Open(s.path(session.Key), s.opt.Key, session.secret())
	if err != nil {
		return err
	}
	log := &journal{log: file, length: h.length}
	hearers, err := s.openHearers(ctx, session.Config, h, log, nil)
	if err == nil {
		err = errors.Join(s.hearAgain(ctx, session.Key, h, hearers), finishHearing(ctx, hearers, log))
	}
	for _, x := range hearers {
		x.recogniser.Close()
		x.done.Wait()
	}
	return errors.Join(err, log.close())
}

// writing is the making of one session's documents.
type writing struct {
	s     *Service
	visit Visit
	note  []byte // in the Writer's own form, once it is made
}

// all writes what is not written yet and tells whether something could not be.
func (w *writing) all(ctx context.Context) (flawed bool) {
	type document struct {
		of   func(*Session) *Document
		make func() ([]File, error)
	}
	for _, d := range []document{
		{func(x *Session) *Document { return &x.Transcript }, func() ([]File, error) { return w.s.opt.Writer.Transcript(ctx, w.visit) }},
		{func(x *Session) *Document { return &x.Note }, func() ([]File, error) { return w.makeNote(ctx) }},
		{func(x *Session) *Document { return &x.Summary }, func() ([]File, error) { return w.makeSummary(ctx) }},
		{func(x *Session) *Document { return &x.Codes }, func() ([]File, error) { return w.makeCodes(ctx) }},
	} {
		if d.of(&w.visit.Session).Status != Writing {
			continue
		}
		var location string
		err := again(ctx, func() (err error) {
			files, err := d.make()
			if err == nil {
				location, err = w.store(ctx, files)
			}
			return err
		})
		if ctx.Err() != nil {
			return true
		}
		result := Document{Status: Written, Location: location}
		if err != nil {
			flawed = true
			result = Document{Status: Spoiled, Reason: reason(err)}
			w.s.opt.Log.WarnContext(ctx, "a document of a session could not be written", "session", w.visit.Session.ID, "kind", fault.KindOf(err))
		}
		if _, err := w.s.change(ctx, w.visit.Session.Key, func(x *Session) error { *d.of(x) = result; return nil }, nil); err != nil {
			return true
		}
	}
	return flawed
}

func (w *writing) makeNote(ctx context.Context) ([]File, error) {
	note, files, err := w.s.opt.Writer.Note(ctx, w.visit)
	if err != nil {
		return nil, err
	}
	w.note = note
	log, err := recording.Open(w.s.path(w.visit.Session.Key), w.s.opt.Key, w.visit.Session.secret())
	if err != nil {
		return nil, err
	}
	return files, errors.Join(log.Append(recording.Entry{Kind: noteMade, Data: note}), log.Close())
}

func (w *writing) makeSummary(ctx context.Context) ([]File, error) {
	if w.note == nil {
		return nil, fault.New(fault.Unprocessable, "there is no note to make a summary from")
	}
	return w.s.opt.Writer.Summary(ctx, w.visit, w.note)
}

func (w *writing) makeCodes(ctx context.Context) ([]File, error) {
	switch {
	case w.s.opt.Coder == nil:
		return nil, fault.New(fault.Unprocessable, "notes are not coded here")
	case w.note == nil:
		return nil, fault.New(fault.Unprocessable, "there is no note to code")
	}
	return w.s.opt.Coder(ctx, w.visit, w.note)
}

// store writes the files below the session's folder and gives where the first one is.
func (w *writing) store(ctx context.Context, files []File) (string, error) {
	folder, err := Folder(&w.visit.Session)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if err := blob.Put(ctx, w.s.opt.Objects, folder.Join(f.Name), f.Body); err != nil {
			return "", err
		}
	}
	return folder.Join(files[0].Name).String(), nil
}

// Folder is where the documents of a session are put.
func Folder(s *Session) (blob.URI, error) {
	out, err := blob.ParseURI(s.Config.Output)
	return out.Join("health-agent-listening-session", s.Domain, s.Subscription, s.ID, "post-stream-action"), err
}

// spoil gives up all documents that are not written.
func (s *Service) spoil(ctx context.Context, k Key, cause error) error {
	_, err := s.change(ctx, k, func(x *Session) error {
		for _, d := range []*Document{&x.Transcript, &x.Note, &x.Summary, &x.Codes} {
			if d.Status == Writing {
				*d = Document{Status: Spoiled, Reason: reason(cause)}
			}
		}
		return nil
	}, nil)
	return errors.Join(cause, err)
}

// reason is what a user is told of a failure.
func reason(err error) string {
	faults := fault.All(err)
	if faults[0].Kind == fault.Internal {
		return "An internal error occurred."
	}
	return faults[0].Text
}

// forget removes a recording.
func (s *Service) forget(k Key) error {
	if err := os.Remove(s.path(k)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the recording: %w", err)
	}
	return nil
}
