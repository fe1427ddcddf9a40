// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/job"
)

// keptMark is the object that says that the export in its folder is whole and has not been deleted. It is written last and deleted
// first.
const keptMark = "kept"

// keep marks the folder of an export that is kept for download as whole.
func (s *Service) keep(ctx context.Context, home blob.URI) error {
	return blob.Put(ctx, s.opt.Kept, home.Join(keptMark), nil)
}

// Export is an export as whoever asked for it sees it.
type Export struct {
	Job      job.Job
	Spec     ExportSpec
	Progress ExportProgress
	Files    []ExportFile // once it is done
	Deleted  []ExportFile // once it is done: what was deleted (Selection.TellsDeletions), Bundles that delete it
	Expires  time.Time    // once it is done: when what is kept for download is deleted; zero: not by us
}

// ExportFile is one file of an export.
type ExportFile struct {
	Type  string
	Lines int64
	URI   blob.URI
}

// Name is what the file is called within its export.
func (f ExportFile) Name() string { return f.URI.Key[strings.LastIndexByte(f.URI.Key, '/')+1:] }

// FindExport gives an export of a data store of an account. It fails with fault.NotFound if there is none, if it was
// cancelled, or if its files were kept for download and are deleted.
func (s *Service) FindExport(ctx context.Context, who authz.Principal, account, dataStore, id string) (Export, error) {
	if err := who.May(authz.Export, authz.Object{Account: account}); err != nil {
		return Export{}, err
	}
	j, err := s.jobs.Describe(ctx, exportQueue(dataStore), id)
	if err != nil {
		return Export{}, errNoExport
	}
	e := Export{Job: j}
	if err := json.Unmarshal(j.Spec, &e.Spec); err != nil {
		return Export{}, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	if len(j.Progress) > 0 {
		if err := json.Unmarshal(j.Progress, &e.Progress); err != nil {
			return Export{}, fault.Wrap(fault.Internal, err, "the job's progress cannot be read")
		}
	}
	if e.Spec.Account != account || j.State == job.Cancelled || j.State == job.Cancelling {
		return Export{}, errNoExport
	}
	if j.State != job.Done && j.State != job.DoneWithFlaws {
		return e, nil
	}
	home := ExportFolder(e.Spec, id)
	if e.Spec.Output == "" {
		if s.opt.Kept == nil {
			return Export{}, errNoExport
		}
		if _, err := s.opt.Kept.Stat(ctx, home.Join(keptMark)); err != nil {
			if errors.Is(err, fault.NotFound) {
				err = errNoExport
			}
			return Export{}, err
		}
		e.Expires = j.Ended.Add(s.opt.KeepFor)
	}
	ex := exporter{id: id, home: home}
	for _, t := range def.R4().Types() {
		of := e.Progress.Types[t.Name]
		for n := range of.Files {
			f := ExportFile{Type: t.Name, URI: ex.file(t.Name, n)}
			if n < len(of.Lines) {
				f.Lines = of.Lines[n]
			}
			e.Files = append(e.Files, f)
		}
	}
	e.Deleted = ex.deletionFiles(e.Progress)
	return e, nil
}

var errNoExport = fault.New(fault.NotFound, "there is no such export")

// OpenExported opens a file of an export that is kept for download. It fails as FindExport does, and with fault.NotFound if there is no such
// file. The caller closes the reader.
func (s *Service) OpenExported(ctx context.Context, who authz.Principal, account, dataStore, id, name string) (io.ReadCloser, int64, error) {
	e, err := s.FindExport(ctx, who, account, dataStore, id)
	if err != nil {
		return nil, 0, err
	}
	for _, f := range append(e.Files, e.Deleted...) {
		if f.Name() != name || e.Spec.Output != "" {
			continue
		}
		r, object, err := s.opt.Kept.Open(ctx, f.URI, 0, "")
		if errors.Is(err, fault.NotFound) {
			err = errNoExport
		}
		return r, object.Size, err
	}
	return nil, 0, fault.New(fault.NotFound, "the export has no such file")
}

// EndExport cancels an export that has not ended, and deletes the files of one that is kept for download. It fails as FindExport
// does, and with fault.Unsupported for one that has ended and lies in a bucket of the caller's.
func (s *Service) EndExport(ctx context.Context, who authz.Principal, account, dataStore, id string) (Export, error) {
	e, err := s.FindExport(ctx, who, account, dataStore, id)
	if err != nil {
		return Export{}, err
	}
	if !e.Job.State.Ended() {
		e.Job, err = s.jobs.Cancel(ctx, exportQueue(dataStore), id)
		if !errors.Is(err, fault.Conflict) { // else it has just ended
			return e, err
		}
	}
	if e.Spec.Output != "" {
		return Export{}, fault.New(fault.Unsupported, "Interaction not supported.").WithCode("not-supported")
	}
	return e, s.discard(ctx, ExportFolder(e.Spec, id))
}

// FindImport gives an import of a data store of an account, what it was asked and how far it is. It fails with fault.NotFound if there is none.
func (s *Service) FindImport(ctx context.Context, who authz.Principal, account, dataStore, id string) (job.Job, ImportSpec, Progress, error) {
	var spec ImportSpec
	var p Progress
	if err := who.May(authz.Import, authz.Object{Account: account}); err != nil {
		return job.Job{}, spec, p, err
	}
	j, err := s.jobs.Describe(ctx, importQueue(dataStore), id)
	if err != nil {
		return j, spec, p, err
	}
	if err := json.Unmarshal(j.Spec, &spec); err != nil {
		return j, spec, p, fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
	}
	if spec.Account != account {
		return job.Job{}, ImportSpec{}, p, fault.New(fault.NotFound, "there is no such import")
	}
	if len(j.Progress) > 0 {
		if err := json.Unmarshal(j.Progress, &p); err != nil {
			return j, spec, p, fault.Wrap(fault.Internal, err, "the job's progress cannot be read")
		}
	}
	return j, spec, p, nil
}

// CancelImport asks for the end of an import. It fails as FindImport does, and with fault.Conflict for one that has ended.
func (s *Service) CancelImport(ctx context.Context, who authz.Principal, account, dataStore, id string) error {
	if _, _, _, err := s.FindImport(ctx, who, account, dataStore, id); err != nil {
		return err
	}
	_, err := s.jobs.Cancel(ctx, importQueue(dataStore), id)
	return err
}

// discard deletes the files of an export that is kept for download, its mark first.
func (s *Service) discard(ctx context.Context, home blob.URI) error {
	if err := s.opt.Kept.Delete(ctx, home.Join(keptMark)); err != nil {
		return err
	}
	for o, err := range s.opt.Kept.List(ctx, home) {
		if err != nil {
			return err
		}
		if err := s.opt.Kept.Delete(ctx, o.URI); err != nil {
			return err
		}
	}
	return nil
}

// Sweep deletes what is kept for download and has been so for longer than Options.KeepFor.
func (s *Service) Sweep(ctx context.Context) error {
	if s.opt.Kept == nil {
		return nil
	}
	old := s.opt.Now().Add(-s.opt.KeepFor)
	for o, err := range s.opt.Kept.List(ctx, blob.URI{Bucket: KeptBucket}) {
		if err != nil {
			return err
		}
		if o.ModTime.Before(old) {
			if err := s.opt.Kept.Delete(ctx, o.URI); err != nil {
				return err
			}
		}
	}
	return nil
}
