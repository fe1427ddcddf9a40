// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"iter"
	"strings"

	"galen/internal/blob"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/ordkey"
	"galen/internal/record"
	"galen/internal/store"
)

// file is one input file and how far it is: the value of its row, which commits with the lines it covers.
type file struct {
	Key  string `json:"key"`
	Size int64  `json:"size"`
	ETag string `json:"etag"`

	Number   int64  `json:"number,omitempty"` // lines dealt with
	Read     int64  `json:"read,omitempty"`   // uncompressed bytes dealt with
	Scanned  int64  `json:"scanned,omitempty"`
	Imported int64  `json:"imported,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	Refused  int64  `json:"refused,omitempty"`
	Warned   int64  `json:"warned,omitempty"`
	Error    string `json:"error,omitempty"`  // why it could not be read to its end
	Done     bool   `json:"done,omitempty"`   // nothing of it is left to be read
	Logged   bool   `json:"logged,omitempty"` // its logs are written

	index uint32
}

// compressed reports whether the file is read through gzip.
func (f *file) compressed() bool { return strings.HasSuffix(f.Key, ".gz") }

// isInput reports whether a key names a file that an import of a whole prefix reads.
func isInput(key string) bool {
	return strings.HasSuffix(key, ".ndjson") || strings.HasSuffix(key, ".ndjson.gz")
}

// Rows of an import, after the data store's prefix for extra rows: "import/" id, then
//
//	'd'                            → Progress, JSON: the import is done; this row stays
//	'p'                            → plan, JSON: the listing is complete
//	'f' index u32                  → file, JSON
//	'l' index u32, log, line u64   → lines of that log, as text; the number is that of the first
type rows struct{ id string }

func (r rows) all() []byte  { return append([]byte("import/"), r.id...) }
func (r rows) done() []byte { return append(r.all(), 'd') }
func (r rows) plan() []byte { return append(r.all(), 'p') }

func (r rows) files() []byte { return append(r.all(), 'f') }

func (r rows) file(index uint32) []byte { return ordkey.AppendUint32(r.files(), index) }

func (r rows) logs(index uint32) []byte { return ordkey.AppendUint32(append(r.all(), 'l'), index) }

func (r rows) log(index uint32, log byte) []byte { return append(r.logs(index), log) }

func (r rows) logAt(index uint32, log byte, line int64) []byte {
	return ordkey.AppendUint64(r.log(index, log), uint64(line))
}

// findings is what an import found to do.
type findings struct {
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
}

// listBatch is how many files are noted in one commit.
const listBatch = 1000

// list notes the input files as rows, once; a listing that was cut off begins anew.
func (im *importer) list(ctx context.Context) error {
	if done, err := im.readPlan(ctx); err != nil || done {
		return err
	}
	root, err := blob.ParseURI(im.spec.Input)
	if err != nil {
		return err
	}
	var p findings
	var batch []file
	first := uint32(0)
	flush := func() error {
		rows := make([]store.Row, len(batch))
		for i, f := range batch {
			rows[i] = store.Row{Suffix: im.rows.file(first + uint32(i)), Value: encode(f)}
		}
		first, batch = first+uint32(len(batch)), batch[:0]
		return im.put(ctx, rows...)
	}
	for o, err := range im.inputs(ctx, root) {
		if err != nil {
			return err
		}
		p.Files, p.Bytes = p.Files+1, p.Bytes+o.Size
		if p.Files > int64(im.opt.MaxFiles) || p.Bytes > im.opt.MaxBytes {
			return fault.New(fault.TooLarge, "the input has more than %d files or %d bytes", im.opt.MaxFiles, im.opt.MaxBytes)
		}
		if batch = append(batch, file{Key: o.URI.Key, Size: o.Size, ETag: o.ETag}); len(batch) == listBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if p.Files == 0 {
		return fault.New(fault.NotFound, "there is no .ndjson or .ndjson.gz file at the input URI")
	}
	if err := flush(); err != nil {
		return err
	}
	im.plan = p
	return im.put(ctx, store.Row{Suffix: im.rows.plan(), Value: encode(p)})
}

// inputs finds the objects to be read: those named, or all that the input takes and that have the name of an input.
func (im *importer) inputs(ctx context.Context, root blob.URI) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		for _, key := range im.spec.Only {
			o, err := im.blobs.Stat(ctx, blob.URI{Bucket: root.Bucket, Key: key})
			if !yield(o, err) || err != nil {
				return
			}
		}
		if len(im.spec.Only) > 0 {
			return
		}
		for o, err := range im.blobs.List(ctx, root) {
			if err == nil && !isInput(o.URI.Key) && o.URI != root {
				continue
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// readPlan loads the plan if the listing is complete.
func (im *importer) readPlan(ctx context.Context) (bool, error) {
	return im.get(ctx, im.rows.plan(), &im.plan)
}

// get reads the row with that suffix into v, if there is one.
func (im *importer) get(ctx context.Context, suffix []byte, v any) (bool, error) {
	row, err := im.store.Extra(ctx, suffix)
	if err != nil || row == nil {
		return false, err
	}
	return true, decode(row, v)
}

// eachFile calls do for every input file in order, as its row was when the call began.
func (im *importer) eachFile(ctx context.Context, do func(*file) error) error {
	view, err := im.store.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	index := uint32(0)
	for row, err := range view.Snapshot().Scan(ctx, engine.Prefix(im.key(view, im.rows.files())), engine.Ascending) {
		if err != nil {
			return err
		}
		f := &file{index: index}
		if err := decode(row.Value, f); err != nil {
			return err
		}
		if err := do(f); err != nil {
			return err
		}
		index++
	}
	return nil
}

// key is the whole key of an extra row of the import's data store.
func (im *importer) key(view *record.View, suffix []byte) []byte {
	return record.AppendExtraKey(nil, view.Tenant(), suffix)
}

// put commits rows alone.
func (im *importer) put(ctx context.Context, rows ...store.Row) error {
	_, err := im.store.Commit(ctx, store.Group{Rows: rows})
	return err
}

// forget removes the import's rows but for the one that says it is done.
func (im *importer) forget(ctx context.Context) error {
	for {
		view, err := im.store.View(ctx)
		if err != nil {
			return err
		}
		all := engine.Prefix(im.key(view, im.rows.all()))
		skip := len(all.Lo) - len(im.rows.all())
		all.Lo = im.key(view, im.rows.files())
		var gone []store.Row
		for row, err := range view.Snapshot().Scan(ctx, all, engine.Ascending) {
			if err != nil {
				view.Close()
				return err
			}
			if gone = append(gone, store.Row{Suffix: append([]byte{}, row.Key[skip:]...)}); len(gone) == listBatch {
				break
			}
		}
		view.Close()
		if len(gone) == 0 {
			return nil
		}
		if err := im.put(ctx, gone...); err != nil {
			return err
		}
	}
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil { // strings and numbers only
		panic("bulk: " + err.Error())
	}
	return b
}

func decode(row []byte, v any) error {
	if err := json.Unmarshal(row, v); err != nil {
		return fault.Wrap(fault.Internal, err, "a row of the import cannot be read")
	}
	return nil
}
