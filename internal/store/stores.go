// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"

	"galen/internal/engine"
)

// Options of Stores; the zero value works.
type Options struct {
	Now            func() time.Time // nil: time.Now
	MaxGroup       int              // changes in one Group at most; 0: 50,000
	MaxQueue       int              // groups that wait for one committer before Commit blocks; 0: 1,024
	BatchBytes     int              // bytes of change that one batch takes together before it is applied; 0: 8 MiB
	IdempotencyTTL time.Duration    // how long an idempotency key is remembered; 0: 24 hours
}

// Stores is the data stores of one engine.
type Stores struct{}

// New returns the data stores of e. Nothing is read until one is used. The caller closes it before the engine.
func New(e engine.Engine, opt Options) *Stores { panic("todo") }

// Store gives the data store of a tenant, an empty one if it was never written. Whether the tenant exists is the
// catalog's to know. It fails with fault.Unavailable after Close, and with fault.NotFound after Drop.
func (s *Stores) Store(tenant uint32) (*Store, error) { panic("todo") }

// Drop removes everything a tenant has, rows and terms. Writes that wait, and later ones, fail with fault.NotFound. It may
// be called again after a failure or a restart.
func (s *Stores) Drop(ctx context.Context, tenant uint32) error { panic("todo") }

// Close refuses new writes, commits those that wait, and returns when the last committer has stopped.
func (s *Stores) Close() error { panic("todo") }
