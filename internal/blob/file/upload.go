// SPDX-License-Identifier: Apache-2.0

package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"strconv"
	"strings"
	"time"

	"galen/internal/blob"
	"galen/internal/fault"
)

// MaxPart is the highest number of a part of an upload.
const MaxPart = 10000

const theUpload = "the upload"

// Upload is an object that arrives in parts. It survives the process, until UploadAge.
type Upload struct {
	ID      string // 32 hexadecimal digits
	URI     blob.URI
	Started time.Time // UTC
}

// Part is a part of an upload.
type Part struct {
	Number  int // 1 to MaxPart; parts follow each other by number, with gaps or without
	Size    int64
	ModTime time.Time // UTC
	ETag    string
}

// StartUpload begins an upload that will become u.
func (s *Store) StartUpload(ctx context.Context, u blob.URI) (Upload, error) {
	b, err := s.place(u)
	if err != nil {
		return Upload{}, err
	}
	b.Close()
	id := newName()
	temp := tempFolder + "/" + id
	if err := s.root.Mkdir(temp, folderMode); err != nil {
		return Upload{}, failed(err, theUpload)
	}
	err = s.root.WriteFile(temp+"/about", []byte(u.String()), fileMode)
	if err == nil {
		err = s.root.Rename(temp, uploadFolder+"/"+id)
	}
	if err != nil {
		return Upload{}, errors.Join(failed(err, theUpload), s.root.RemoveAll(temp))
	}
	return s.Upload(ctx, id)
}

// Upload describes an upload under way, or fails with fault.NotFound.
func (s *Store) Upload(_ context.Context, id string) (Upload, error) {
	dir, err := uploadPath(id)
	if err != nil {
		return Upload{}, err
	}
	about, err := s.root.ReadFile(dir + "/about")
	if err != nil {
		return Upload{}, failed(err, theUpload)
	}
	fi, err := s.root.Stat(dir + "/about")
	if err != nil {
		return Upload{}, failed(err, theUpload)
	}
	u, err := blob.ParseURI(string(about))
	if err != nil {
		return Upload{}, fmt.Errorf("upload %s: %w", id, failed(fs.ErrNotExist, theUpload))
	}
	return Upload{ID: id, URI: u, Started: fi.ModTime().UTC()}, nil
}

// uploadPath is the folder of an upload.
func uploadPath(id string) (string, error) {
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", failed(fs.ErrNotExist, theUpload)
	}
	return uploadFolder + "/" + id, nil
}

// Uploads yields the uploads of a bucket that are under way, in no order.
func (s *Store) Uploads(ctx context.Context, bucket string) iter.Seq2[Upload, error] {
	return func(yield func(Upload, error) bool) {
		entries, err := fs.ReadDir(s.root.FS(), uploadFolder)
		if err != nil {
			yield(Upload{}, failed(err, "the uploads"))
			return
		}
		for _, e := range entries {
			u, err := s.Upload(ctx, e.Name())
			if errors.Is(err, fault.NotFound) || err == nil && u.URI.Bucket != bucket {
				continue
			}
			if !yield(u, err) || err != nil {
				return
			}
		}
	}
}

// WritePart begins to write a part, which replaces an older part of the number when it is committed.
func (s *Store) WritePart(ctx context.Context, id string, number int) (blob.Writer, error) {
	if number < 1 || number > MaxPart {
		return nil, fault.New(fault.Invalid, "the part number is not from 1 to %d", MaxPart)
	}
	up, err := s.Upload(ctx, id)
	if err != nil {
		return nil, err
	}
	w := &writer{}
	w.commit = func() (blob.Object, error) {
		at := fmt.Sprintf("%s/%s/%05d", uploadFolder, id, number)
		if err := s.root.Rename(w.temp, at); err != nil {
			return blob.Object{}, failed(err, theUpload)
		}
		fi, err := s.root.Lstat(at)
		if err != nil {
			return blob.Object{}, failed(err, theUpload)
		}
		return describe(up.URI, fi), syncFolder(s.root, path.Dir(at))
	}
	if err := w.open(ctx, s); err != nil {
		return nil, err
	}
	return w, nil
}

// Parts lists the committed parts of an upload by number.
func (s *Store) Parts(_ context.Context, id string) ([]Part, error) {
	dir, err := uploadPath(id)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(s.root.FS(), dir) // sorted, and the numbers have five digits
	if err != nil {
		return nil, failed(err, theUpload)
	}
	var parts []Part
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // about
		}
		if fi, err := e.Info(); err == nil {
			parts = append(parts, Part{Number: n, Size: fi.Size(), ModTime: fi.ModTime().UTC(), ETag: etag(fi)})
		}
	}
	return parts, nil
}

// CompleteUpload makes the object from parts, in their order, and ends the upload. It fails with fault.Precondition if a
// part is not there or has another ETag; then, and after any other failure, the upload goes on.
func (s *Store) CompleteUpload(ctx context.Context, id string, parts []Part, cond Condition) (blob.Object, error) {
	up, err := s.Upload(ctx, id)
	if err != nil {
		return blob.Object{}, err
	}
	w, err := s.CreateIf(ctx, up.URI, cond)
	if err != nil {
		return blob.Object{}, err
	}
	defer w.Abort()
	for _, p := range parts {
		if err := s.appendPart(ctx, w, up, p); err != nil {
			return blob.Object{}, err
		}
	}
	obj, err := w.Commit()
	if err != nil {
		return blob.Object{}, err
	}
	return obj, s.AbortUpload(ctx, id)
}

func (s *Store) appendPart(ctx context.Context, w io.Writer, up Upload, p Part) error {
	f, err := s.root.Open(fmt.Sprintf("%s/%s/%05d", uploadFolder, up.ID, p.Number))
	if errors.Is(err, fs.ErrNotExist) {
		return fault.Wrap(fault.Precondition, err, "part %d has not been uploaded", p.Number)
	}
	if err != nil {
		return failed(err, theUpload)
	}
	defer f.Close()
	r, _, err := newReader(ctx, f, up.URI, 0, p.ETag)
	if err != nil {
		return fmt.Errorf("part %d: %w", p.Number, err)
	}
	_, err = io.Copy(w, r)
	return err
}

// AbortUpload drops an upload and its parts, or fails with fault.NotFound.
func (s *Store) AbortUpload(ctx context.Context, id string) error {
	if _, err := s.Upload(ctx, id); err != nil {
		return err
	}
	dir, err := uploadPath(id)
	if err != nil {
		return err
	}
	return failed(s.root.RemoveAll(dir), theUpload)
}
