// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/audio"
	"galen/internal/scribe/recording"
	"galen/internal/scribe/transcript"
)

// Request is what a client connects with.
type Request struct {
	Key
	Language  string
	Rate      int // Hz
	Encoding  audio.Encoding
	Transport Transport
}

var (
	uuid   = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
	digits = regexp.MustCompile(`^[0-9]+$`)
)

// check fails with fault.Invalid.
func (r *Request) check() error {
	switch {
	case !uuid.MatchString(r.ID):
		return fault.New(fault.Invalid, "the session id is not a UUID")
	case !digits.MatchString(r.Account):
		return fault.New(fault.Invalid, "the account is not a number")
	case r.Language != "en-US":
		return fault.New(fault.Invalid, "the language is en-US")
	}
	return audio.Format{Encoding: r.Encoding, Rate: r.Rate, Channels: 1}.Check()
}

// Live is a connection to a session. Its methods but Segments are for one goroutine, which must call Close at the end.
type Live struct {
	s       *Service
	session Session
	log     *journal // set under the service's lock, once
	out     chan transcript.Segment
	life    context.Context // of what hears
	end     context.CancelFunc
	leaving bool          // guarded by the service's lock: see storeEnd
	gone    chan struct{} // closed when the place is free again

	decoder audio.Decoder // nil until it is configured
	hearers []*hearer
	broken  bool // the decoder has failed
	over    bool // the client said that the session is

	taken, mayTake int64 // bytes of audio, those of earlier connections included
}

// Connect begins a session, or resumes one that was left. It fails with fault.Invalid for a request that cannot be; with
// fault.Conflict if the session is connected, has ended, or was begun otherwise; with fault.TooCostly if the account has as many
// connections as it may; and as Options.Subscribed does.
func (s *Service) Connect(ctx context.Context, r Request) (*Live, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	r.ID = strings.ToLower(r.ID)
	if err := s.opt.Subscribed(ctx, r.Key); err != nil {
		return nil, err
	}
	l := &Live{s: s, out: make(chan transcript.Segment, outWaiting), gone: make(chan struct{})}
	l.life, l.end = context.WithCancel(context.Background())
	if err := s.enter(ctx, r.Key, l); err != nil {
		return nil, err
	}
	if err := l.begin(ctx, r); err != nil {
		l.end()
		l.leave()
		return nil, err
	}
	return l, nil
}

// outWaiting is how many segments may wait for the client to take them.
const outWaiting = 256

// enter takes the session's only place. It waits for a connection that stores that the session is paused: whoever reads that may connect.
func (s *Service) enter(ctx context.Context, k Key, l *Live) error {
	for {
		before, err := s.tryEnter(k, l)
		if before == nil {
			return err
		}
		select {
		case <-before.gone:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryEnter gives the connection to wait for, if there is one.
func (s *Service) tryEnter(k Key, l *Live) (before *Live, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before = s.live[k]; before != nil && before.leaving {
		return before, nil
	}
	if before != nil {
		return nil, fault.New(fault.Conflict, "the session is connected already")
	}
	n := 0
	for other := range s.live {
		if other.Account == k.Account {
			n++
		}
	}
	if n >= s.opt.MaxSessions {
		return nil, fault.New(fault.TooCostly, "there are %d sessions connected, as many as an account may have at a time", n)
	}
	l.session.Key = k
	s.live[k] = l
	return nil, nil
}

// storeEnd says that all is heard, and what became of the session is being stored.
func (l *Live) storeEnd() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.leaving = true
}

// leave gives the session's place back.
func (l *Live) leave() {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	delete(l.s.live, l.session.Key)
	close(l.gone)
}

// begin stores that the session is connected, and opens its recording.
func (l *Live) begin(ctx context.Context, r Request) error {
	now := l.s.opt.Now().UTC()
	session := Session{Key: r.Key, Language: r.Language, Rate: r.Rate, Encoding: r.Encoding, Transport: r.Transport,
		Status: InProgress, Created: now}
	err := l.s.create(ctx, session)
	if errors.Is(err, fault.Precondition) {
		session, err = l.s.change(ctx, r.Key, func(old *Session) error { return l.s.resume(old, r, now) }, nil)
	}
	if err != nil {
		return err
	}
	log, err := recording.Open(l.s.path(r.Key), l.s.opt.Key, r.secret())
	if err != nil {
		return err
	}
	l.session = session
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	l.log = &journal{log: log}
	return nil
}

// resume makes a session that was left one that is connected.
func (s *Service) resume(old *Session, r Request, now time.Time) error {
	switch {
	case old.Key != r.Key:
		return fault.New(fault.Conflict, "the session id is another subscription's")
	case old.Status == Completed || old.Status == Failed:
		return fault.New(fault.Conflict, "the session has ended and cannot be resumed")
	case old.Rate != r.Rate || old.Encoding != r.Encoding || old.Language != r.Language:
		return fault.New(fault.Conflict, "the session was begun with another language, sample rate or media encoding")
	case old.Transport != r.Transport:
		return fault.New(fault.Conflict, "the session was begun over another transport")
	case now.Sub(old.Created) > s.opt.Window:
		return fault.New(fault.Conflict, "the session was begun too long ago to be resumed")
	}
	old.Status = InProgress
	return nil
}

// Configure takes the first event of a connection. It fails with fault.Invalid for what cannot be, and with fault.Unavailable if
// the session cannot be heard now.
func (l *Live) Configure(ctx context.Context, c Config) error {
	if l.decoder != nil {
		return fault.New(fault.Invalid, "the configuration was given already")
	}
	if err := l.s.checkConfig(ctx, &c); err != nil {
		return err
	}
	h, err := l.s.readHistory(l.session.Key)
	if err != nil {
		return err
	}
	f := audio.Format{Encoding: l.session.Encoding, Rate: l.session.Rate, Channels: c.channels()}
	if old := l.session.Config; old != nil && old.channels() != c.channels() {
		return fault.New(fault.Invalid, "the session was begun with %d channels", old.channels())
	}
	info := l.s.recogniser.Info()
	session, err := l.s.change(ctx, l.session.Key, func(s *Session) error {
		s.Config, s.Recogniser, s.Notice = &c, info.Name, info.Notice
		return nil
	}, nil)
	if err != nil {
		return err
	}
	l.session = session
	text, _ := json.Marshal(f) // two numbers and a word cannot fail
	if err := l.log.append(recording.Entry{Kind: connected, Data: text}); err != nil {
		return err
	}
	if l.decoder, err = audio.NewDecoder(f); err != nil {
		return err
	}
	l.log.begin(h.length)
	l.taken, l.mayTake = h.bytes, int64(l.s.opt.MaxAudio.Seconds()*float64(2*f.Rate*f.Channels))+2*MaxPiece
	return l.listen(ctx, h)
}
