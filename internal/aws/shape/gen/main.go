// SPDX-License-Identifier: Apache-2.0

// Command gen makes the data that the AWS edge needs from a service model of botocore (PyPI package botocore,
// botocore/data/SERVICE/VERSION/service-2.json or .json.gz): a compact model without documentation text, and Go types.
//
//	go run galen/internal/aws/shape/gen -model service-2.json.gz -out model/healthlake.json
//	go run galen/internal/aws/shape/gen -model model/healthlake.json,model/healthlake_overlay.json -package healthlake -types shapes_gen.go
//
// With -operations only the types that these operations use are written.
package main

import (
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	models := flag.String("model", "", "the model, then its overlays, separated by commas")
	out := flag.String("out", "", "write the first model, stripped to its facts, to this file")
	types := flag.String("types", "", "write Go types to this file")
	pkg := flag.String("package", "", "package of the Go types")
	only := flag.String("operations", "", "write only the types of these operations, separated by commas (default: all)")
	flag.Parse()
	if err := run(strings.Split(*models, ","), *out, *types, *pkg, *only); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(models []string, out, types, pkg, only string) error {
	var data [][]byte
	for _, path := range models {
		d, err := read(path)
		if err != nil {
			return err
		}
		data = append(data, d)
	}
	if out != "" {
		compact, err := strip(data[0])
		if err != nil {
			return err
		}
		if err := os.WriteFile(out, compact, 0o644); err != nil {
			return err
		}
	}
	if types == "" {
		return nil
	}
	code, err := goTypes(data[0], data[1:], pkg, strings.FieldsFunc(only, func(r rune) bool { return r == ',' }))
	if err != nil {
		return err
	}
	return os.WriteFile(types, code, 0o644)
}

// read returns a file's content, inflated if its name ends in .gz.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, err
		}
	}
	return io.ReadAll(r)
}
