// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/fhir/validate"
	"galen/internal/job"
	"galen/internal/store"
)

// StartImport submits an import. It fails with fault.Unprocessable if a bucket is not there and fault.Invalid for bad URIs or an
// unknown level. also goes to job.Queue.Submit.
func (s *Service) StartImport(ctx context.Context, who authz.Principal, id, name string, spec ImportSpec, also func(*engine.Batch)) (job.Job, error) {
	if err := who.May(authz.Import, authz.Object{Account: spec.Account}); err != nil {
		return job.Job{}, err
	}
	spec.Level = cmp.Or(spec.Level, validate.Strict.String())
	if _, ok := validate.ParseLevel(spec.Level); !ok {
		return job.Job{}, fault.New(fault.Invalid, "there is no validation level of this name").At("validationLevel")
	}
	for _, at := range [...]struct{ path, text string }{{"inputDataConfig.s3Uri", spec.Input}, {"jobOutputDataConfig.s3Configuration.s3Uri", spec.Output}} {
		u, err := blob.ParseURI(at.text)
		if err != nil {
			return job.Job{}, fmt.Errorf("%s: %w", at.path, err)
		}
		if err := s.checkBucket(ctx, u, at.path); err != nil {
			return job.Job{}, err
		}
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return job.Job{}, err
	}
	return s.jobs.Submit(ctx, job.Job{ID: id, Kind: KindImport, Queue: importQueue(spec.DataStore), Name: name, Spec: text}, also)
}

// importQueue and exportQueue name the job queues of a data store, as the catalog does when it drains them.
func importQueue(dataStore string) string { return "import/" + dataStore }
func exportQueue(dataStore string) string { return "export/" + dataStore }

// importer is one import being worked.
type importer struct {
	*Service
	id    string
	spec  ImportSpec
	level validate.Level
	store *store.Store
	rows  rows
	plan  findings
	began time.Time
	busy  time.Duration // of earlier attempts

	mu       sync.Mutex
	progress Progress // guarded by mu
}

// runImport is the handler of import jobs.
func (s *Service) runImport(ctx context.Context, run *job.Run) (job.State, error) {
	var spec ImportSpec
	if err := json.Unmarshal(run.Job.Spec, &spec); err != nil {
		return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	st, err := s.open(ctx, spec.Account, spec.DataStore)
	if err != nil {
		return "", err
	}
	var before Progress
	if len(run.Job.Progress) > 0 {
		_ = json.Unmarshal(run.Job.Progress, &before) // only the time worked is taken from it
	}
	im := &importer{Service: s, id: run.Job.ID, spec: spec, store: st, busy: before.Busy}
	return im.run(ctx, func(ctx context.Context, p Progress) error { return run.Progress(ctx, p) })
}

// Load imports the files below input into st without a job, for data that comes with the server. The logs go to output. It
// takes up again what an earlier call with the same id left.
func (s *Service) Load(ctx context.Context, st *store.Store, blobs blob.Store, id, input, output string) (Progress, error) {
	own := *s
	own.blobs = blobs
	im := &importer{Service: &own, id: id, store: st, spec: ImportSpec{Input: input, Output: output, DataStore: id, Level: validate.Strict.String()}}
	state, err := im.run(ctx, func(context.Context, Progress) error { return nil })
	if err == nil && state != job.Done {
		err = fault.New(fault.Internal, "the data to load has errors")
	}
	return im.snapshot(), err
}

// progressInterval is how often the progress of a running import is stored.
const progressInterval = 250 * time.Millisecond

// run does the import from where its rows say it is.
func (im *importer) run(ctx context.Context, report func(context.Context, Progress) error) (job.State, error) {
	im.rows, im.began = rows{im.id}, time.Now()
	im.level, _ = validate.ParseLevel(im.spec.Level) // checked when it was submitted
	p := Progress{}
	done, err := im.get(ctx, im.rows.done(), &p)
	if err != nil {
		return "", err
	}
	if done {
		im.progress = p // no one else looks yet
	} else if p, err = im.work(ctx, report); err != nil {
		return "", err
	}
	if err := im.forget(ctx); err != nil {
		return "", err
	}
	if p.CustomerErrors+p.ServerErrors+p.UnreadFiles > 0 {
		return job.DoneWithFlaws, nil
	}
	return job.Done, nil
}

// work does what is left of the import, up to the row that says it is done.
func (im *importer) work(ctx context.Context, report func(context.Context, Progress) error) (Progress, error) {
	for _, step := range []func(context.Context) error{im.probe, im.list, im.sum} {
		if err := step(ctx); err != nil {
			return Progress{}, err
		}
	}
	group, inner := errgroup.WithContext(ctx)
	stop := make(chan struct{})
	group.Go(func() error { return im.reportEvery(inner, stop, report) })
	group.Go(func() error { defer close(stop); return im.pipeline(inner) })
	if err := group.Wait(); err != nil {
		return Progress{}, err
	}
	p := im.snapshot()
	if err := im.writeManifests(ctx, p); err != nil {
		return Progress{}, err
	}
	if err := report(ctx, p); err != nil {
		return Progress{}, err
	}
	return p, im.put(ctx, store.Row{Suffix: im.rows.done(), Value: encode(p)})
}

// probe finds out at once whether the output can be written, as the original does.
func (im *importer) probe(ctx context.Context) error {
	out, err := blob.ParseURI(im.spec.Output)
	if err != nil {
		return err
	}
	w, err := im.blobs.Create(ctx, out.Join(".healthlake_write_access_check_file.temp"))
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	defer w.Abort()
	_, err = w.Commit()
	return err
}

// sum sets the progress to what the rows of the files say.
func (im *importer) sum(ctx context.Context) error {
	p := Progress{ScannedFiles: im.plan.Files, ScannedBytes: im.plan.Bytes}
	err := im.eachFile(ctx, func(f *file) error {
		p.Scanned += f.Scanned
		p.Imported += f.Imported
		p.ImportedBytes += f.Bytes
		p.CustomerErrors += f.Refused
		p.Warned += f.Warned
		switch {
		case f.Error != "":
			p.UnreadFiles++
		case f.Done:
			p.ImportedFiles++
		}
		return nil
	})
	im.mu.Lock()
	im.progress = p
	im.mu.Unlock()
	return err
}

// snapshot is the progress now.
func (im *importer) snapshot() Progress {
	im.mu.Lock()
	defer im.mu.Unlock()
	p := im.progress
	p.Busy = im.busy + time.Since(im.began)
	return p
}

// reportEvery reports the progress until stop is closed. A report that fails ends the import: another process has it.
func (im *importer) reportEvery(ctx context.Context, stop <-chan struct{}, report func(context.Context, Progress) error) error {
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		if err := report(ctx, im.snapshot()); err != nil {
			return err
		}
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
