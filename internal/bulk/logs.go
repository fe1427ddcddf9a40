// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"galen/internal/blob"
	"galen/internal/engine"
	"galen/internal/fhir"
	"galen/internal/store"
)

// The logs of a file, by the byte that names them in rows.
const (
	successLog = 's'
	failureLog = 'f'
	warnedLog  = 'w' // stored with a validation issue
)

// logFolders are the folders, below the job's, that the logs are written to.
var logFolders = map[byte]string{
	successLog: "SUCCESS",
	failureLog: "FAILURE",
	warnedLog:  "SUCCESS_WITH_SEARCH_VALIDATION_FAILURES",
}

// logRows gives the rows that keep what the logs will say of t, of whose changes results is what became.
func (im *importer) logRows(t *task, results []store.Result) []store.Row {
	lines := map[byte][]byte{}
	for _, o := range t.outcomes {
		if o.change < 0 {
			lines[failureLog] = appendFailure(lines[failureLog], o)
			continue
		}
		lines[successLog] = appendSuccess(lines[successLog], o.line, &results[o.change])
		if o.issues != nil {
			lines[warnedLog] = appendFailure(lines[warnedLog], o)
		}
	}
	if t.last && t.err != nil {
		o := outcome{line: t.chunk.number + 1, issues: refuse("processing", "", "the file could not be read further: %s", t.file.Error)}
		lines[failureLog] = appendFailure(lines[failureLog], o)
	}
	var rows []store.Row
	for log, text := range lines {
		first := t.chunk.number + 1
		if len(t.outcomes) > 0 {
			first = t.outcomes[0].line
		}
		rows = append(rows, store.Row{Suffix: im.rows.logAt(t.file.index, log, first), Value: text})
	}
	return rows
}

// appendSuccess appends the log line of a line that became a version: which, not its content.
func appendSuccess(dst []byte, number int64, r *store.Result) []byte {
	status := 200
	if r.Created {
		status = 201
	}
	dst = append(dst, `{"lineId":`...)
	dst = strconv.AppendInt(dst, number, 10)
	dst = append(dst, `,"UpdateResourceResponse":{"jsonBlob":{"resourceType":"`...)
	dst = append(dst, r.TypeName()...)
	dst = append(dst, `","id":"`...)
	dst = append(dst, r.Version.ID...)
	dst = append(dst, `","meta":{"versionId":"`...)
	dst = strconv.AppendUint(dst, uint64(r.Version.VersionID), 10)
	dst = append(dst, `","lastUpdated":"`...)
	dst = fhir.AppendInstant(dst, r.Version.Time)
	dst = append(dst, `"}},"statusCode":`...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	return append(dst, "}}\n"...)
}

// appendFailure appends the log line of a line with issues.
func appendFailure(dst []byte, o outcome) []byte {
	dst = append(dst, `{"lineId":`...)
	dst = strconv.AppendInt(dst, o.line, 10)
	dst = append(dst, `,"UpdateResourceResponse":{"jsonBlob":`...)
	dst = fhir.AppendOutcome(dst, o.issues...)
	return append(dst, `,"statusCode":400}}`+"\n"...)
}

// writeLogs writes the logs of a file that is done, and drops the rows they were kept in.
func (im *importer) writeLogs(ctx context.Context, f *file) error {
	name, err := im.logName(ctx, f)
	if err != nil {
		return err
	}
	written := []store.Row{}
	for log, folder := range logFolders {
		target := ImportFolder(im.spec, im.id).Join(folder, name)
		rows, err := im.writeLog(ctx, f, log, target)
		if err != nil {
			return fmt.Errorf("write the log of an input file: %w", err)
		}
		written = append(written, rows...)
	}
	f.Logged = true
	written = append(written, store.Row{Suffix: im.rows.file(f.index), Value: encode(f)})
	return im.put(ctx, written...)
}

// writeLog writes one log of f, if it has lines, and returns the rows to remove.
func (im *importer) writeLog(ctx context.Context, f *file, log byte, target blob.URI) ([]store.Row, error) {
	view, err := im.store.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	prefix := im.key(view, im.rows.log(f.index, log))
	skip := len(prefix) - len(im.rows.log(f.index, log))
	var w blob.Writer
	var rows []store.Row
	for row, err := range view.Snapshot().Scan(ctx, engine.Prefix(prefix), engine.Ascending) {
		if err != nil {
			return nil, err
		}
		if w == nil {
			if w, err = im.blobs.Create(ctx, target); err != nil {
				return nil, err
			}
			defer w.Abort()
		}
		if _, err := w.Write(row.Value); err != nil {
			return nil, err
		}
		rows = append(rows, store.Row{Suffix: append([]byte{}, row.Key[skip:]...)})
	}
	if w == nil {
		return nil, nil
	}
	_, err = w.Commit()
	return rows, err
}

// logName is the path of f's logs below their folder: that of the input below its prefix, without .gz, unless there is an
// input of that name too.
func (im *importer) logName(ctx context.Context, f *file) (string, error) {
	root, err := blob.ParseURI(im.spec.Input)
	if err != nil {
		return "", err
	}
	name := root.Rel(f.Key)
	plain, ok := strings.CutSuffix(name, ".gz")
	if !ok {
		return name, nil
	}
	twin := blob.URI{Bucket: root.Bucket, Key: strings.TrimSuffix(f.Key, ".gz")}
	if _, err := im.blobs.Stat(ctx, twin); err == nil && root.Takes(twin.Key) {
		return name + ".ndjson", nil
	}
	return plain, nil
}
