// SPDX-License-Identifier: Apache-2.0

//go:build !cgo || !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "galen-asr was built without its recogniser, which is for Linux and needs a C compiler: make galen-asr")
	os.Exit(1)
}
