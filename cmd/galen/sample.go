// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"

	blobfile "galen/internal/blob/file"
	"galen/internal/bulk"
	"galen/internal/catalog"
	"galen/internal/store"
)

// demoFiles is the input folder, if one is given, or patients made up.
func demoFiles(ctx context.Context, input string, patients int) (fs.FS, error) {
	if input != "" {
		info, err := os.Stat(input)
		if err != nil || !info.IsDir() {
			return nil, usageError{fmt.Errorf("--input %s is no folder", input)}
		}
		return os.DirFS(input), nil
	}
	return makePatients(ctx, patients)
}

// readNDJSON reads a file whole, decompressed if its name ends in .gz.
func readNDJSON(files fs.FS, path string) ([]byte, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return io.ReadAll(r)
}

// preloadPatients is how many patients a data store is preloaded with.
const preloadPatients = 100

// preload fills a data store that is being created with made-up patients, through the import. dir is where the input is put
// meanwhile; it is the data store's own and removed in the end.
func preload(ctx context.Context, dir string, imports *bulk.Service, stores *store.Stores, d catalog.DataStore) (err error) {
	dir = filepath.Join(dir, d.ID)
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	input, err := makePatients(ctx, preloadPatients)
	if err != nil {
		return err
	}
	const bucket = "preload"
	if err := os.MkdirAll(filepath.Join(dir, bucket), 0o700); err != nil {
		return err
	}
	if err := os.CopyFS(filepath.Join(dir, bucket, "in"), input); err != nil {
		return err
	}
	objects, err := blobfile.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, objects.Close()) }()
	st, err := stores.Store(d.Tenant)
	if err != nil {
		return err
	}
	_, err = imports.Load(ctx, st, objects, d.ID, "s3://"+bucket+"/in/", "s3://"+bucket+"/out/")
	return err
}
