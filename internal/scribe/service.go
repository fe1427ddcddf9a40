// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"galen/internal/blob"
	"galen/internal/engine"
	"galen/internal/job"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/drugs"
	"galen/internal/scribe/transcript"
)

// Visit is a session that has ended, with all that was said.
type Visit struct {
	Session  Session
	Segments []transcript.Segment // in order of time; none: nothing was said
}

// File is one file of a document.
type File struct {
	Name        string // below the folder of the session, with slashes
	ContentType string
	Body        []byte
}

// Writer makes documents of visits. Each method gives the files of one document, the one that clients look for first.
type Writer interface {
	Transcript(ctx context.Context, v Visit) ([]File, error)

	// Note also gives the note in a form of the Writer's own, which Summary gets.
	Note(ctx context.Context, v Visit) (note []byte, files []File, err error)
	Summary(ctx context.Context, v Visit, note []byte) ([]File, error)
}

// Options of a Service. Zero limits take the defaults.
type Options struct {
	Folder      string                                 // where recordings are kept; it must be there
	Key         []byte                                 // that they are encrypted with, recording.KeySize bytes
	Recogniser  asr.Provider                           // hears
	Writer      Writer                                 // writes
	Objects     blob.Store                             // where documents go
	Subscribed  func(ctx context.Context, k Key) error // fails if the subscription cannot be used
	MaxSessions int                                    // connections at a time of one account; default 10
	MaxAudio    time.Duration                          // of one session; default 2 h
	Window      time.Duration                          // from a session's creation, in which it can be resumed; default 5 h
	Retention   time.Duration                          // how long a recording is kept once all documents are done; default 0
	Now         func() time.Time                       // default time.Now
	Log         *slog.Logger                           // default: none
	Drugs       *drugs.Lexicon                         // that names of drugs are corrected with; default drugs.Builtin()

	// Coder finds the codes of a note that the Writer made, where a client asks for them. Nil: nobody does.
	Coder func(ctx context.Context, v Visit, note []byte) ([]File, error)
}

func (o *Options) setDefaults() {
	if o.MaxSessions <= 0 {
		o.MaxSessions = 10
	}
	if o.MaxAudio <= 0 {
		o.MaxAudio = 2 * time.Hour
	}
	if o.Window <= 0 {
		o.Window = 5 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Drugs == nil {
		o.Drugs = drugs.Builtin()
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// restarts is how often a recogniser may fail before the session is told.
const restarts = 3

// Service is the sessions of one engine. It is safe for concurrent use.
type Service struct {
	engine     engine.Engine
	jobs       *job.Queue
	recogniser asr.Provider
	opt        Options

	mu   sync.Mutex
	live map[Key]*Live // guarded by mu: those connected
}

// New makes a service. Sessions that a death of the process left connected are paused by Recover.
func New(e engine.Engine, jobs *job.Queue, opt Options) *Service {
	opt.setDefaults()
	return &Service{engine: e, jobs: jobs, recogniser: asr.Restarting(opt.Recogniser, restarts), opt: opt, live: map[Key]*Live{}}
}

// path is the recording of a session: Key.check holds what its name is made of to digits and a UUID.
func (s *Service) path(k Key) string { return filepath.Join(s.opt.Folder, k.Account+"-"+k.ID+".rec") }

// secret binds a recording to its session.
func (k Key) secret() string { return k.Account + "/" + k.Domain + "/" + k.Subscription + "/" + k.ID }
