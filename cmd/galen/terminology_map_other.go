// SPDX-License-Identifier: Apache-2.0

//go:build !linux && !darwin && !freebsd

package main

import "os"

// mapFile gives the content of a file.
func mapFile(path string) (data []byte, unmap func() error, err error) {
	data, err = os.ReadFile(path)
	return data, func() error { return nil }, err
}
