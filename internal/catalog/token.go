// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
)

// Token makes a request safe to repeat. Scope names the operation (and what it works on), Text is the caller's own token
// (empty: no protection), Request is the request in one canonical form, without the token.
//
// The same token with the same request gives the first answer again, also after a restart, for TokenLife; with
// another request it fails with fault.Conflict.
type Token struct {
	Scope   string
	Text    string
	Request []byte
}

// TokenLife is how long a token is remembered.
const TokenLife = 7 * 24 * time.Hour

type answered struct {
	Request string    `json:"request"` // SHA-256 of the request, hexadecimal
	Answer  string    `json:"answer"`
	At      time.Time `json:"at"`
}

// Also adds what makes a request safe to repeat to the batch that carries the request out.
type Also = func(*engine.Batch)

// Once gives the answer that token stands for already, or else answer after do, which must carry the request out as answer
// with a batch that also has added to. do may be called more than once.
func (c *Catalog) Once(ctx context.Context, account string, token Token, answer string, do func(answer string, also Also) error) (string, error) {
	for range maxRaces {
		old, found, err := c.recall(ctx, account, token)
		if err != nil || found {
			return old, err
		}
		err = do(answer, func(b *engine.Batch) { c.remember(b, account, token, answer) })
		if err == nil || token.Text == "" || !errors.Is(err, fault.Precondition) {
			return answer, err
		}
	}
	return "", errRaces
}

// recall returns the answer that token stands for. One that is too old counts as never used.
func (c *Catalog) recall(ctx context.Context, account string, token Token) (string, bool, error) {
	if token.Text == "" {
		return "", false, nil
	}
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return "", false, err
	}
	defer snap.Close()
	rows, err := snap.Get(ctx, tokenKey(account, token.Scope, token.Text))
	if err != nil || rows[0] == nil {
		return "", false, err
	}
	var a answered
	if err := json.Unmarshal(rows[0], &a); err != nil {
		return "", false, fault.Wrap(fault.Internal, err, "a token's row cannot be read")
	}
	if c.opt.Now().Sub(a.At) > TokenLife {
		return "", false, c.forget(ctx, tokenKey(account, token.Scope, token.Text), rows[0])
	}
	if a.Request != hash(token.Request) {
		return "", false, fault.New(fault.Conflict, "the client token was used for a request with other parameters")
	}
	return a.Answer, true, nil
}

func (c *Catalog) remember(b *engine.Batch, account string, token Token, answer string) {
	if token.Text == "" {
		return
	}
	key := tokenKey(account, token.Scope, token.Text)
	row, _ := json.Marshal(answered{hash(token.Request), answer, c.opt.Now().UTC()}) // two strings and a time cannot fail
	b.RequireAbsent(key)
	b.Put(key, row)
}

func (c *Catalog) forget(ctx context.Context, key, row []byte) error {
	var b engine.Batch
	b.Require(key, row)
	b.Delete(key)
	err := c.engine.Apply(ctx, &b)
	if errors.Is(err, fault.Precondition) {
		return nil // someone else did
	}
	return err
}

func hash(request []byte) string {
	sum := sha256.Sum256(request)
	return hex.EncodeToString(sum[:])
}

// Sweep forgets the tokens that are too old to count. Call it now and then.
func (c *Catalog) Sweep(ctx context.Context) error {
	snap, err := c.engine.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	for row, err := range snap.Scan(ctx, tokenRange(), engine.Ascending) {
		if err != nil {
			return err
		}
		var a answered
		if json.Unmarshal(row.Value, &a) == nil && c.opt.Now().Sub(a.At) <= TokenLife {
			continue
		}
		if err := c.forget(ctx, append([]byte{}, row.Key...), append([]byte{}, row.Value...)); err != nil {
			return err
		}
	}
	return nil
}
