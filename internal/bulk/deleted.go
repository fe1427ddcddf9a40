// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"context"
	"fmt"
	"iter"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/job"
	"galen/internal/record"
)

// deletions is what the files are called, and their progress is kept under, that tell what was deleted.
const deletions = "deleted"

// maxDeletions bounds the entries of one Bundle of deletions, which is a line.
const maxDeletions = 100

// TellsDeletions reports whether an export of the selection tells what was deleted since Since. What a deleted resource was about, and what it had in it, is not
// asked: exports of a group, of named patients and those with filters or labels tell nothing.
//
// https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status
func (s *Selection) TellsDeletions() bool {
	return s != nil && !s.Since.IsZero() && s.Payer == "" && len(s.Tags)+len(s.Security)+len(s.Filters)+len(s.Patients) == 0 &&
		(s.About == "" || s.About == "Patient")
}

// tellsDeletionsOf reports whether deletions of that type are told: those of what is about patients need a type that can be.
func (s *Selection) tellsDeletionsOf(typ string) bool {
	return s.wants(typ) && (s.About == "" || typ == "Patient" || len(def.R4().Compartment("Patient").Params(typ)) > 0)
}

// deleted writes the files that tell what was deleted. After a crash it writes them again, under the same names.
func (ex *exporter) deleted(ctx context.Context, run *job.Run) error {
	at := ex.progress.Types[deletions]
	if at.Done || !ex.sel.TellsDeletions() {
		return nil
	}
	at = typeExport{Done: true}
	next, stop := iter.Pull2(ex.deletionBundles(ctx))
	defer stop()
	for more := true; more; {
		lines, left, err := ex.deletionFile(ctx, at.Files, next)
		if err != nil {
			return fmt.Errorf("export deletions: %w", err)
		}
		if more = left; lines > 0 {
			at.Files, at.Lines = at.Files+1, append(at.Lines, lines)
		}
	}
	ex.progress.Types[deletions] = at
	return run.Progress(ctx, &ex.progress)
}

// deletionFile writes the nth file, and says how many lines it has and whether there may be more. A file that would be empty is not made.
func (ex *exporter) deletionFile(ctx context.Context, n int, next func() ([]byte, error, bool)) (lines int64, more bool, err error) {
	line, err, more := next()
	if err != nil || !more {
		return 0, false, err
	}
	w, err := ex.to.Create(ctx, ex.file(deletions, n))
	if err != nil {
		return 0, false, err
	}
	defer w.Abort()
	out := bufio.NewWriterSize(w, 1<<16)
	for size := int64(0); more; line, err, more = next() {
		if err != nil {
			return 0, false, err
		}
		if _, err := out.Write(line); err != nil {
			return 0, false, err
		}
		lines++
		if size += int64(len(line)); size >= ex.opt.ExportFile {
			break
		}
	}
	if err := out.Flush(); err != nil {
		return 0, false, err
	}
	_, err = w.Commit()
	return lines, more, err
}

// deletionBundles gives the lines: transactions that delete what is deleted at the position and was so after Since.
func (ex *exporter) deletionBundles(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var line []byte
		entries := 0
		for key, err := range ex.deletedKeys(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if entries++; entries == 1 {
				line = []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`)
			} else {
				line = append(line, ',')
			}
			line = append(fhir.AppendString(append(line, `{"request":{"method":"DELETE","url":`...), key.String()), `}}`...)
			if entries == maxDeletions {
				if !yield(append(line, "]}\n"...), nil) {
					return
				}
				entries = 0
			}
		}
		if entries > 0 {
			yield(append(line, "]}\n"...), nil)
		}
	}
}

// deletedKeys gives what is deleted at the position and was so after Since, by type and in the order of commit.
func (ex *exporter) deletedKeys(ctx context.Context) iter.Seq2[fhir.Key, error] {
	return func(yield func(fhir.Key, error) bool) {
		for _, t := range ex.defs.Types() {
			typ := uint16(t.ID)
			if ex.view.Next(typ) == 0 || !ex.sel.tellsDeletionsOf(t.Name) {
				continue
			}
			from, err := ex.view.Since(ctx, typ, ex.sel.Since)
			end := ex.view.Next(typ)
			if err == nil && !ex.sel.Until.IsZero() {
				end, err = ex.view.Since(ctx, typ, ex.sel.Until)
			}
			for ; err == nil && from < end; from += deletionChunk {
				var ids []string
				if ids, err = ex.deletedIn(ctx, typ, from, min(from+deletionChunk, end)); err != nil {
					break
				}
				for _, id := range ids {
					if !yield(fhir.Key{Type: t.Name, ID: id}, nil) {
						return
					}
				}
			}
			if err != nil {
				yield(fhir.Key{}, err)
				return
			}
		}
	}
}

// deletionChunk is how many versions are read at once.
const deletionChunk = 256

// deletedIn gives the ids of what was deleted by the versions from up to but not including end, and has not come back.
func (ex *exporter) deletedIn(ctx context.Context, typ uint16, from, end uint32) (ids []string, err error) {
	numbers := make([]uint32, 0, deletionChunk)
	for n := from; n < end; n++ {
		numbers = append(numbers, n)
	}
	versions, err := ex.view.Bodies(ctx, typ, numbers...)
	if err != nil {
		return nil, err
	}
	var asked []record.Version
	for _, v := range versions {
		if v.Method == record.Delete {
			asked, ids = append(asked, v), append(ids, v.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := ex.view.Find(ctx, typ, ids...)
	ids = ids[:0]
	for i, f := range found {
		if f.Exists && f.Number == asked[i].Number {
			ids = append(ids, asked[i].ID)
		}
	}
	return ids, err
}

// deletionFiles lists the files that deleted wrote.
func (ex *exporter) deletionFiles(p ExportProgress) (files []ExportFile) {
	of := p.Types[deletions]
	for n := range of.Files {
		files = append(files, ExportFile{Type: "Bundle", Lines: of.Lines[n], URI: ex.file(deletions, n)})
	}
	return files
}
