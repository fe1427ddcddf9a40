// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/compartment"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/job"
	"galen/internal/record"
)

// maxWaiting bounds the exports of a data store that have not begun.
const maxWaiting = 100

// StartExport submits an export. It fails with fault.Unprocessable if the bucket is not there, fault.Invalid for a bad URI or a
// bad selection, and fault.Throttled if too many wait. also goes to job.Queue.Submit.
func (s *Service) StartExport(ctx context.Context, who authz.Principal, id, name string, spec ExportSpec, also func(*engine.Batch)) (job.Job, error) {
	if err := who.May(authz.Export, authz.Object{Account: spec.Account}); err != nil {
		return job.Job{}, err
	}
	if err := s.checkExport(ctx, spec); err != nil {
		return job.Job{}, err
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return job.Job{}, err
	}
	return s.jobs.Submit(ctx, job.Job{ID: id, Kind: KindExport, Queue: exportQueue(spec.DataStore), Name: name, Spec: text}, also)
}

// checkExport refuses an export that cannot be done.
func (s *Service) checkExport(ctx context.Context, spec ExportSpec) error {
	if spec.Selection != nil {
		if s.opt.Planner == nil {
			return fault.New(fault.Unsupported, "exports of a part are not offered here")
		}
		st, err := s.open(ctx, spec.Account, spec.DataStore)
		if err != nil {
			return err
		}
		if err := spec.Selection.Check(st.Definitions()); err != nil {
			return err
		}
	}
	waiting, err := s.jobs.Waiting(ctx, exportQueue(spec.DataStore))
	if err != nil {
		return err
	}
	if waiting >= maxWaiting {
		return fault.New(fault.Throttled, "%d exports of this data store wait already", waiting)
	}
	if spec.Output == "" {
		if s.opt.Kept == nil {
			return fault.New(fault.Unsupported, "exports for download are not offered here: name an output")
		}
		return nil
	}
	u, err := blob.ParseURI(spec.Output)
	if err != nil {
		return err
	}
	return s.checkBucket(ctx, u, "outputDataConfig.s3Configuration.s3Uri")
}

// ExportProgress is how far an export is: its position, and of each type how far its files are written.
type ExportProgress struct {
	Seq       uint64                `json:"seq"`           // commit position that is exported
	Time      time.Time             `json:"time,omitzero"` // of that position
	Resources int64                 `json:"resources"`
	Bytes     int64                 `json:"bytes"`
	Types     map[string]typeExport `json:"types"`
}

type typeExport struct {
	Next  uint32  `json:"next"` // the first number that is in no file yet
	Files int     `json:"files"`
	Lines []int64 `json:"lines,omitempty"` // of each file
	Done  bool    `json:"done"`
}

// exporter is one export being worked.
type exporter struct {
	*Service
	id    string
	to    blob.Store
	home  blob.URI
	view  *record.View
	sel   *Selection      // nil: everything is taken
	taken compartment.Set // what the selection takes; nil: everything

	mu       sync.Mutex
	progress ExportProgress // guarded by mu
}

// runExport is the handler of export jobs. Files that were written before a crash are kept: they are the same position's.
func (s *Service) runExport(ctx context.Context, run *job.Run) (job.State, error) {
	var spec ExportSpec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	st, err := s.open(ctx, spec.Account, spec.DataStore)
	if err != nil {
		return "", err
	}
	head, err := st.View(ctx)
	if err != nil {
		return "", err
	}
	defer head.Close()
	ex := &exporter{Service: s, id: run.Job.ID, to: s.blobs, home: ExportFolder(spec, run.Job.ID), view: head, sel: spec.Selection}
	if spec.Output == "" {
		if ex.to = s.opt.Kept; ex.to == nil {
			return "", fault.New(fault.Unsupported, "exports for download are not offered here any more")
		}
	}
	if len(run.Job.Progress) > 0 {
		if err := json.Unmarshal(run.Job.Progress, &ex.progress); err != nil {
			return "", fault.Wrap(fault.Internal, err, "the job's progress cannot be read")
		}
		if ex.view, err = head.At(ctx, ex.progress.Seq); err != nil {
			return "", err
		}
	} else {
		ex.progress = ExportProgress{Seq: head.Seq(), Time: head.Time(), Types: map[string]typeExport{}}
		if err := run.Progress(ctx, &ex.progress); err != nil {
			return "", err
		}
	}
	if ex.taken, err = ex.choose(ctx); err != nil {
		return "", err
	}
	if err := ex.all(ctx, run); err != nil {
		return "", err
	}
	if err := ex.deleted(ctx, run); err != nil {
		return "", err
	}
	if spec.Output == "" {
		return job.Done, s.keep(ctx, ex.home)
	}
	return job.Done, nil
}

// all exports the types side by side.
func (ex *exporter) all(ctx context.Context, run *job.Run) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(ex.opt.Workers)
	for _, t := range ex.defs.Types() {
		if ex.view.Next(uint16(t.ID)) == 0 || ex.taken != nil && ex.taken[uint16(t.ID)].IsEmpty() {
			continue
		}
		group.Go(func() error {
			if err := ex.oneType(ctx, run, t); err != nil {
				return fmt.Errorf("export %s: %w", t.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// oneType writes the files of a type from where it is.
func (ex *exporter) oneType(ctx context.Context, run *job.Run, t *def.Type) error {
	ex.mu.Lock()
	at := ex.progress.Types[t.Name]
	ex.mu.Unlock()
	for !at.Done {
		n, bytes, err := ex.oneFile(ctx, t, &at)
		if err != nil {
			return err
		}
		ex.mu.Lock()
		ex.progress.Types[t.Name] = at
		ex.progress.Resources += n
		ex.progress.Bytes += bytes
		err = run.Progress(ctx, &ex.progress)
		ex.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// oneFile writes the next file of a type and moves at behind it. A file that would be empty is not made.
func (ex *exporter) oneFile(ctx context.Context, t *def.Type, at *typeExport) (n, bytes int64, err error) {
	var w blob.Writer
	var out *bufio.Writer
	f := ex.newForm(t.Name)
	at.Done = true // unless the file fills up
	for v, err := range ex.versions(ctx, uint16(t.ID), at.Next) {
		if err != nil {
			return 0, 0, err
		}
		if bytes >= ex.opt.ExportFile {
			at.Done = false
			break
		}
		at.Next = v.Number + 1
		line, err := f.line(v.Body)
		if err != nil {
			return 0, 0, err
		}
		if line == nil {
			continue
		}
		if w == nil {
			if w, err = ex.to.Create(ctx, ex.file(t.Name, at.Files)); err != nil {
				return 0, 0, err
			}
			defer w.Abort()
			out = bufio.NewWriterSize(w, 1<<20)
		}
		if _, err := out.Write(line); err != nil {
			return 0, 0, err
		}
		if err := out.WriteByte('\n'); err != nil {
			return 0, 0, err
		}
		n, bytes = n+1, bytes+int64(len(line))+1
	}
	if w == nil {
		return 0, 0, nil
	}
	at.Files++
	at.Lines = append(at.Lines, n)
	if err := out.Flush(); err != nil {
		return 0, 0, err
	}
	_, err = w.Commit()
	return n, bytes, err
}

// versions reads what is taken of a type, from a number on.
func (ex *exporter) versions(ctx context.Context, typ uint16, from uint32) iter.Seq2[record.Version, error] {
	if ex.taken == nil {
		return ex.view.Each(ctx, typ, from)
	}
	docs := ex.taken[typ].Clone()
	docs.RemoveBelow(from)
	return func(yield func(record.Version, error) bool) {
		for versions, err := range compartment.Bodies(ctx, ex.view, compartment.Set{typ: docs}) {
			if err != nil {
				yield(record.Version{}, err)
				return
			}
			for _, v := range versions {
				if !yield(v, nil) {
					return
				}
			}
		}
	}
}

// file names the nth file of a type as the original does: <Type>/<Type>-<19 digits>-<n>-<m>.ndjson. The digits are the
// export's, so that a file that is written again after a crash gets the same name.
func (ex *exporter) file(typeName string, n int) blob.URI {
	return ex.home.Join(typeName, fmt.Sprintf("%s-%019d-%d-%d.ndjson", typeName, digits(ex.id), n, 0))
}

// digits makes 19 digits of a job's id, always the same ones.
func digits(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return 1_000_000_000_000_000_000 + h%8_000_000_000_000_000_000
}
