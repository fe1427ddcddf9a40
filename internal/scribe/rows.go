// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
)

// Rows of this package begin with tenant 0 and 'm', then:
//
//	's' account id          → the session, as JSON
//	'o' account id          → nothing: sessions that have not ended
//
// A session's id is one of its account's: the domain and subscription are in the row.
var prefix = []byte{0, 0, 0, 0, 'm'}

func rowKey(kind byte, k Key) []byte {
	key := ordkey.AppendString(append(slices.Clone(prefix), kind), k.Account)
	return ordkey.AppendString(key, k.ID)
}

func sessionKey(k Key) []byte { return rowKey('s', k) }

func openKey(k Key) []byte { return rowKey('o', k) }

var errNone = fault.New(fault.NotFound, "there is no such session")

// Get gives a session as it stands. It fails with fault.NotFound if there is none of that domain and subscription.
func (s *Service) Get(ctx context.Context, k Key) (Session, error) {
	session, _, err := s.load(ctx, k)
	if err != nil {
		return Session{}, err
	}
	if session.Key != k {
		return Session{}, errNone
	}
	s.mu.Lock()
	l := s.live[k]
	s.mu.Unlock()
	if l != nil {
		session.Heard = l.heardSoFar()
	}
	return session, nil
}

// load reads a session and its row.
func (s *Service) load(ctx context.Context, k Key) (Session, []byte, error) {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return Session{}, nil, err
	}
	defer snap.Close()
	rows, err := snap.Get(ctx, sessionKey(k))
	if err != nil {
		return Session{}, nil, err
	}
	if rows[0] == nil {
		return Session{}, nil, errNone
	}
	session, err := decode(rows[0])
	return session, rows[0], err
}

func decode(row []byte) (Session, error) {
	var session Session
	if err := json.Unmarshal(row, &session); err != nil {
		return Session{}, fault.Wrap(fault.Internal, err, "a session's row cannot be read")
	}
	return session, nil
}

// create stores a new session. It fails with fault.Precondition if there is one already.
func (s *Service) create(ctx context.Context, session Session) error {
	var b engine.Batch
	b.RequireAbsent(sessionKey(session.Key))
	put(&b, session)
	return s.engine.Apply(ctx, &b)
}

func put(b *engine.Batch, session Session) {
	row, _ := json.Marshal(session) // strings, numbers and times cannot fail
	b.Put(sessionKey(session.Key), row)
	if session.Status == InProgress || session.Status == Paused {
		b.Put(openKey(session.Key), nil)
	} else {
		b.Delete(openKey(session.Key))
	}
}

// change edits a session's row, with what also adds to the batch. edit may be called more than once; if it fails nothing is
// stored.
func (s *Service) change(ctx context.Context, k Key, edit func(*Session) error, also func(*engine.Batch)) (Session, error) {
	for {
		session, row, err := s.load(ctx, k)
		if err != nil {
			return Session{}, err
		}
		if err := edit(&session); err != nil {
			return Session{}, err
		}
		var b engine.Batch
		b.Require(sessionKey(k), row)
		put(&b, session)
		if also != nil {
			also(&b)
		}
		err = s.engine.Apply(ctx, &b)
		if !errors.Is(err, fault.Precondition) {
			return session, err
		}
	}
}

// open lists the sessions that have not ended.
func (s *Service) open(ctx context.Context) ([]Session, error) {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	var keys [][]byte
	at := len(prefix)
	for row, err := range snap.Scan(ctx, engine.Prefix(append(slices.Clone(prefix), 'o')), engine.Ascending) {
		if err != nil {
			return nil, err
		}
		key := slices.Clone(row.Key)
		key[at] = 's'
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := snap.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var sessions []Session
	for _, row := range rows {
		session, err := decode(row)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, session)
	}
	return sessions, nil
}

// list gives all sessions of an account.
func (s *Service) list(ctx context.Context, account string) ([]Session, error) {
	snap, err := s.engine.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	var sessions []Session
	of := ordkey.AppendString(append(slices.Clone(prefix), 's'), account)
	for row, err := range snap.Scan(ctx, engine.Prefix(of), engine.Ascending) {
		if err != nil {
			return nil, err
		}
		session, err := decode(row.Value)
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, session)
	}
	return sessions, nil
}
