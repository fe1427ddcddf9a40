// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"galen/internal/blob"
	"galen/internal/fault"
)

// listBatch bounds the names of one folder that a listing holds. A larger folder is read once for each batch.
const listBatch = 16384

// Entry is a line of a listing: an object, or a folder of objects below the prefix. A folder's key ends in '/', and it
// has no size, time or ETag.
type Entry struct {
	blob.Object
	Folder bool
}

// Scan chooses what Store.Scan yields. The zero Scan is every object of the bucket.
type Scan struct {
	Prefix  string // the keys that begin with these bytes, whatever follows (unlike Store.List)
	After   string // the keys after this one
	Folders bool   // what lies below the next '/' after Prefix is one folder
}

// List implements blob.Store.
func (s *Store) List(ctx context.Context, prefix blob.URI) iter.Seq2[blob.Object, error] {
	return func(yield func(blob.Object, error) bool) {
		if err := prefix.Check(); err != nil {
			yield(blob.Object{}, err)
			return
		}
		if prefix.Key != "" && !strings.HasSuffix(prefix.Key, "/") {
			obj, err := s.Stat(ctx, prefix)
			switch {
			case err == nil && !yield(obj, nil):
				return
			case err != nil && !errors.Is(err, fault.NotFound) && !errors.Is(err, fault.Invalid):
				yield(blob.Object{}, err)
				return
			}
		}
		for e, err := range s.Scan(ctx, prefix.Bucket, Scan{Prefix: prefix.Folder().Key}) {
			if !yield(e.Object, err) {
				return
			}
		}
	}
}

// Scan yields the entries of a bucket that q chooses, in ascending order of their keys. It yields an error at most once,
// last; fault.NotFound if there is no such bucket.
func (s *Store) Scan(ctx context.Context, bucket string, q Scan) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		b, err := s.bucket(bucket)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer b.Close()
		w := walk{ctx: ctx, b: b, bucket: bucket, Scan: q, yield: yield}
		top := q.Prefix[:strings.LastIndexByte(q.Prefix, '/')+1]
		if top == "" || holds(top[:len(top)-1]) {
			w.folder(top)
		}
	}
}

type walk struct {
	Scan
	ctx    context.Context
	b      *os.Root
	bucket string
	yield  func(Entry, error) bool
}

// name is one name of a folder, with a '/' at the end if it is a folder itself: so names sort as the keys do.
type name struct {
	text   string
	folder bool
}

// folder visits the keys below dir, which is empty or ends in '/'. It reports whether to go on.
func (w *walk) folder(dir string) bool {
	for last, more := "", true; more; {
		var names []name
		var err error
		if names, more, err = w.names(dir, last); err != nil {
			w.yield(Entry{}, err)
			return false
		}
		for _, n := range names {
			if !w.visit(dir+n.text, n.folder) {
				return false
			}
			last = n.text
		}
	}
	return true
}

// visit yields an object, or what a folder stands for. It reports whether to go on.
func (w *walk) visit(key string, folder bool) bool {
	u := blob.URI{Bucket: w.bucket, Key: key}
	switch {
	case !folder:
		fi, err := w.b.Lstat(key)
		if err != nil || !fi.Mode().IsRegular() {
			return w.passing(err) // removed since its folder was read, or replaced
		}
		return w.yield(Entry{Object: describe(u, fi)}, nil)
	case w.Folders && len(key) > len(w.Prefix):
		some, goOn := w.some(key)
		if !goOn || !some {
			return goOn
		}
		return w.yield(Entry{Object: blob.Object{URI: u}, Folder: true}, nil)
	}
	return w.folder(key)
}

// passing reports whether to go on after a file could not be described.
func (w *walk) passing(err error) bool {
	if err == nil || errors.Is(failed(err, theObject), fault.NotFound) {
		return true
	}
	w.yield(Entry{}, failed(err, theObject))
	return false
}

// some reports whether there is an object below dir to list, and whether to go on.
func (w *walk) some(dir string) (some, goOn bool) {
	goOn = true
	in := *w
	in.Folders = false
	in.yield = func(_ Entry, err error) bool {
		if err != nil {
			w.yield(Entry{}, err)
		}
		some, goOn = err == nil, err == nil
		return false
	}
	in.folder(dir)
	return some, goOn
}

// names reads the lowest names of dir past last that can lead to a wanted key, and whether there are more.
func (w *walk) names(dir, last string) (list []name, more bool, err error) {
	at := strings.TrimSuffix(dir, "/")
	if at == "" {
		at = "."
	}
	f, err := w.b.Open(at)
	if err != nil {
		if errors.Is(failed(err, theObject), fault.NotFound) {
			return nil, false, nil
		}
		return nil, false, failed(err, "the folder")
	}
	defer f.Close()
	for {
		if err := w.ctx.Err(); err != nil {
			return nil, false, err
		}
		entries, err := f.ReadDir(1024)
		for _, e := range entries {
			if n, ok := w.wanted(dir, e); ok && n.text > last {
				list = append(list, n)
			}
		}
		if len(list) > 2*listBatch {
			list, more = lowest(list), true
		}
		if err == io.EOF || err == nil && len(entries) == 0 {
			break
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(failed(err, ""), fault.NotFound) {
				break // removed, or an object where a folder was asked for
			}
			return nil, false, failed(err, "the folder")
		}
	}
	more = more || len(list) > listBatch
	return lowest(list), more, nil
}

// lowest sorts list and keeps its first listBatch names.
func lowest(list []name) []name {
	slices.SortFunc(list, func(a, b name) int { return strings.Compare(a.text, b.text) })
	return list[:min(len(list), listBatch)]
}

// wanted makes the name of a directory entry, if it can lead to a key that the scan asks for.
func (w *walk) wanted(dir string, e fs.DirEntry) (name, bool) {
	n := name{e.Name(), e.IsDir()}
	if !n.folder && !e.Type().IsRegular() {
		return n, false
	}
	if !n.folder {
		key := dir + n.text
		return n, strings.HasPrefix(key, w.Prefix) && key > w.After
	}
	n.text += "/"
	key := dir + n.text
	if !strings.HasPrefix(key, w.Prefix) && !strings.HasPrefix(w.Prefix, key) {
		return n, false
	}
	if key == w.After {
		return n, !w.Folders || len(key) <= len(w.Prefix) // as a folder, it was the last line of the page before
	}
	return n, key > w.After || strings.HasPrefix(w.After, key)
}
