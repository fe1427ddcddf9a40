// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// keyBytes is the length of the key that page links are sealed with.
const keyBytes = 32

// openKey reads the key at path, or makes one there.
func openKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key = make([]byte, keyBytes)
		rand.Read(key)
		err = writeNew(path, key)
	}
	if err != nil {
		return nil, fmt.Errorf("the key of page links: %w", err)
	}
	if len(key) != keyBytes {
		return nil, fmt.Errorf("the key of page links, %s, is damaged: remove it and old links stop working", path)
	}
	return key, nil
}

// writeNew writes a file that only its owner may read, whole or not at all.
func writeNew(path string, text []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(text)
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
