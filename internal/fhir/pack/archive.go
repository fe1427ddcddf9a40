// SPDX-License-Identifier: Apache-2.0

package pack

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"galen/internal/fault"
)

// Read reads a package.tgz. It fails with fault.Invalid or fault.Unsupported if it is none for R4, and with fault.TooLarge
// past the limits (K2).
func Read(r io.Reader) (*Package, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fault.New(fault.Invalid, "this is no package.tgz: it is not compressed by gzip")
	}
	b := builder{}
	left := &limited{r: z, left: MaxTotal + MaxTotal/8} // the files and their headers
	for t := tar.NewReader(left); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return b.done()
		}
		if err != nil {
			return nil, archiveError(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := b.file(h.Name, h.Size, t); err != nil {
			return nil, err
		}
	}
}

// ReadFolder reads an unpacked package: the folder that has package.json, or the one above it.
func ReadFolder(fsys fs.FS) (*Package, error) {
	dir := "."
	if _, err := fs.Stat(fsys, "package.json"); err != nil {
		dir = "package"
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fault.New(fault.Invalid, "this folder has no package.json: name the folder that a package was unpacked to")
	}
	b := builder{}
	for _, e := range entries {
		if e.IsDir() || !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		if err := b.open(fsys, path.Join(dir, e.Name()), e.Name()); err != nil {
			return nil, err
		}
	}
	return b.done()
}

func (b *builder) open(fsys fs.FS, name, short string) error {
	f, err := fsys.Open(name)
	if err != nil {
		return fmt.Errorf("read a package's file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read a package's file: %w", err)
	}
	return b.file("package/"+short, info.Size(), f)
}

// builder makes a package of files.
type builder struct {
	p     Package
	files int
	total int64
	named bool
}

// file takes one file. Only those right under package/ count: below it are examples and the like.
func (b *builder) file(name string, size int64, r io.Reader) error {
	if b.files++; b.files > MaxFiles {
		return fault.New(fault.TooLarge, "the package has more than %d files", MaxFiles)
	}
	if !fs.ValidPath(strings.TrimPrefix(name, "./")) {
		return fault.New(fault.Invalid, "the package has a file whose path leaves the package: it is damaged or made to harm")
	}
	name = strings.TrimPrefix(name, "./")
	dir, short := path.Split(name)
	if dir != "package/" || !strings.HasSuffix(short, ".json") || short[0] == '.' {
		return nil
	}
	if b.total += size; size > MaxFile || b.total > MaxTotal {
		return fault.New(fault.TooLarge, "the package is larger than %d MiB, or one of its files than %d MiB", MaxTotal>>20, MaxFile>>20)
	}
	text, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return archiveError(err)
	}
	if short == "package.json" {
		b.named = true
		return b.p.describe(text)
	}
	b.p.add(short, text)
	return nil
}

func (b *builder) done() (*Package, error) {
	if !b.named {
		return nil, fault.New(fault.Invalid, "there is no package/package.json in it: this is no FHIR package")
	}
	slices.SortFunc(b.p.Resources, func(x, y Resource) int { return cmp.Compare(x.File, y.File) })
	b.p.seal()
	return &b.p, nil
}

// Write writes a package as an archive: its manifest and its resources. Read gives an equal one.
func Write(w io.Writer, p *Package) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	text, err := json.Marshal(manifest{Name: p.Name, Version: p.Version, Versions: []string{"4.0.1"}, Dependencies: p.Dependencies})
	if err == nil {
		err = put(t, "package.json", text)
	}
	for i := range p.Resources {
		if err == nil {
			err = put(t, p.Resources[i].File, p.Resources[i].JSON)
		}
	}
	if err = errors.Join(err, t.Close(), z.Close()); err != nil {
		return fmt.Errorf("write the package %s: %w", p.ID(), err)
	}
	return nil
}

func put(t *tar.Writer, name string, text []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: "package/" + name, Mode: 0o644, Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := t.Write(text)
	return err
}

// limited stops a reader that gives too much: a small archive may unpack to any size.
type limited struct {
	r    io.Reader
	left int64
}

var errLarge = fault.New(fault.TooLarge, "the package unpacks to more than %d MiB", MaxTotal>>20)

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLarge
	}
	n, err := l.r.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

func archiveError(err error) error {
	if errors.Is(err, fault.TooLarge) {
		return err
	}
	return fault.New(fault.Invalid, "the archive is damaged or cut off: download it again")
}
