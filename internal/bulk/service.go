// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"runtime"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/job"
	"galen/internal/search/plan"
	"galen/internal/store"
)

// Kinds of jobs this package handles.
const (
	KindImport = "import"
	KindExport = "export"
)

// Options of a Service; the zero value works.
type Options struct {
	Workers    int   // goroutines that parse, validate and index; 0: GOMAXPROCS
	MaxLine    int   // bytes of the longest line that is read; 0: 16 MiB
	MaxFiles   int   // input files of one import; 0: 1,000,000
	MaxBytes   int64 // bytes of all input files of one import, as stored; 0: 5 TB
	ExportFile int64 // bytes after which an export begins another file; 0: 256 MiB
	Group      int   // resources committed at once; 0: 1,000
	Now        func() time.Time
	Profiles   *validate.Profiles                   // that level strict checks; nil for none
	Members    func(*store.Store) validate.MemberOf // what a data store knows of codes, for bindings of profiles; nil: what Profiles know
	Planner    *plan.Planner                        // finds what an export with a Selection takes; nil: there are none
	Kept       blob.Store                           // where exports without an output are kept for download; nil: there are none
	KeepFor    time.Duration                        // how long they are kept; 0: 48 hours
}

// Opener finds the records of an active data store of an account.
type Opener func(ctx context.Context, account, dataStore string) (*store.Store, error)

// Service does imports and exports. Its methods are safe for concurrent use.
type Service struct {
	jobs  *job.Queue
	blobs blob.Store
	open  Opener
	defs  *def.Definitions
	check *validate.Validator
	opt   Options
}

// New returns a Service that reads and writes objects in blobs and finds data stores by open.
func New(jobs *job.Queue, blobs blob.Store, open Opener, defs *def.Definitions, opt Options) *Service {
	opt.Workers = cmp.Or(opt.Workers, runtime.GOMAXPROCS(0))
	opt.MaxLine = cmp.Or(opt.MaxLine, 16<<20)
	opt.MaxFiles = cmp.Or(opt.MaxFiles, 1_000_000)
	opt.MaxBytes = cmp.Or(opt.MaxBytes, 5_000_000_000_000)
	opt.ExportFile = cmp.Or(opt.ExportFile, 256<<20)
	opt.KeepFor = cmp.Or(opt.KeepFor, 48*time.Hour)
	opt.Group = cmp.Or(opt.Group, 1000)
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Service{jobs: jobs, blobs: blobs, open: open, defs: defs, check: validate.NewWithProfiles(defs, opt.Profiles), opt: opt}
}

// Handlers returns the job handlers of this package's kinds.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{KindImport: s.runImport, KindExport: s.runExport}
}

// checkBucket fails with fault.Unprocessable, naming the bucket, if it is not there.
func (s *Service) checkBucket(ctx context.Context, u blob.URI, path string) error {
	ok, err := s.blobs.Exists(ctx, u.Bucket)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Unprocessable, "the bucket %s does not exist", u.Bucket).At(path)
	}
	return nil
}
