// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
)

// Recover pauses the sessions that a death of the process left connected. It is to be called before the first Connect.
func (s *Service) Recover(ctx context.Context) error {
	sessions, err := s.open(ctx)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if session.Status != InProgress {
			continue
		}
		if _, err := s.change(ctx, session.Key, func(x *Session) error { x.Status = Paused; return nil }, nil); err != nil {
			return err
		}
	}
	return nil
}

// Sweep completes the sessions that were left and can no longer be resumed, so that what was heard is not lost, and removes
// recordings that need not be kept any longer. It is to be called now and then.
func (s *Service) Sweep(ctx context.Context) error {
	sessions, err := s.open(ctx)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if session.Status != Paused || s.opt.Now().Sub(session.Created) <= s.opt.Window || s.connected(session.Key) {
			continue
		}
		if session.Config == nil { // nothing was ever heard
			_, err = s.change(ctx, session.Key, func(x *Session) error {
				x.Status, x.Ended = Failed, s.opt.Now().UTC()
				return nil
			}, nil)
		} else {
			err = s.complete(ctx, session.Key, session.Heard)
		}
		if err != nil {
			return err
		}
	}
	return s.sweepRecordings(ctx)
}

func (s *Service) connected(k Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.live[k] != nil
}

// sweepRecordings removes the recordings of sessions that ended longer ago than Options.Retention. One whose documents could not
// be written is kept, for as long and a week.
func (s *Service) sweepRecordings(ctx context.Context) error {
	entries, err := os.ReadDir(s.opt.Folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		account, id, ok := strings.Cut(strings.TrimSuffix(e.Name(), ".rec"), "-")
		if !ok || filepath.Ext(e.Name()) != ".rec" {
			continue
		}
		session, _, err := s.load(ctx, Key{Account: account, ID: id})
		if errors.Is(err, errNone) || err == nil && !s.needed(&session) {
			if err := os.Remove(filepath.Join(s.opt.Folder, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// spoiledKept is how much longer a recording is kept if a document could not be made of it.
const spoiledKept = 7 * 24 * time.Hour

// needed reports whether a session's recording is to be kept.
func (s *Service) needed(x *Session) bool {
	if x.Status == InProgress || x.Status == Paused {
		return true
	}
	if x.Codes.Status == Writing {
		return true
	}
	keep := s.opt.Retention
	for _, d := range []Document{x.Transcript, x.Note, x.Summary} {
		switch d.Status {
		case Writing:
			return true
		case Spoiled:
			keep = s.opt.Retention + spoiledKept
		}
	}
	return s.opt.Now().Sub(x.Ended) < keep
}

// DeleteDomain removes the sessions of a domain with their recordings; documents that were written stay. It fails with
// fault.Conflict while one of them is connected. It can be called again after a failure.
func (s *Service) DeleteDomain(ctx context.Context, account, domain string) error {
	sessions, err := s.list(ctx, account)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		if session.Domain != domain {
			continue
		}
		if s.connected(session.Key) {
			return fault.New(fault.Conflict, "a session of the domain is connected")
		}
		if err := s.forget(session.Key); err != nil {
			return err
		}
		var b engine.Batch
		b.Delete(sessionKey(session.Key))
		b.Delete(openKey(session.Key))
		if err := s.engine.Apply(ctx, &b); err != nil {
			return err
		}
	}
	return nil
}
