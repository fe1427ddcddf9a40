// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"galen/internal/blob"
	"galen/internal/fault"
	"galen/internal/insights"
	"galen/internal/insights/document"
)

// maxLine is how long a line of NDJSON may be.
const maxLine = 16 << 20

// sources reads the objects that the caller named. One that cannot be read fails the gathering.
func (g *Gatherer) sources(ctx context.Context, c *collection, sources []blob.URI) error {
	for i, u := range sources {
		where := fmt.Sprintf("inputDataConfig.s3Sources[%d]", i)
		if c.left == 0 {
			return fault.New(fault.Unprocessable, "%s: a job reads at most %d documents", where, maxDocuments)
		}
		c.left--
		if err := g.source(ctx, c, u); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return fault.Wrap(fault.KindOf(err), err, "%s: %s", where, fault.All(err)[0].Text)
		}
	}
	return nil
}

// source reads one object: resources if it holds such, else a document.
func (g *Gatherer) source(ctx context.Context, c *collection, u blob.URI) error {
	if u.Key == "" || strings.HasSuffix(u.Key, "/") {
		return fault.New(fault.Unprocessable, "it names a folder; name the objects in it")
	}
	body, _, err := g.o.Objects.Open(ctx, u, 0, "")
	switch fault.KindOf(err) {
	case fault.NotFound:
		return fault.Wrap(fault.Unprocessable, err, "there is no such object, or no such bucket")
	case fault.Forbidden:
		return fault.Wrap(fault.Forbidden, err, "the object may not be read")
	}
	if err != nil {
		return err
	}
	defer body.Close()
	in := bufio.NewReaderSize(body, 64<<10)
	head, err := in.Peek(document.Sniff)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(head) == 0 {
		return fault.New(fault.Unprocessable, "the object is empty")
	}
	name := u.Key[strings.LastIndexByte(u.Key, '/')+1:]
	switch kind := document.KindOf(name, "", head); kind {
	case document.NDJSON:
		return g.lines(c, in)
	case document.JSON:
		return g.resources(c, in)
	default:
		text, err := g.o.Documents.Text(ctx, kind, in)
		if err != nil {
			return err
		}
		c.record.Documents = append(c.record.Documents, insights.Document{Name: name, Reference: u.String(), Text: text})
		return nil
	}
}

// resources reads a Bundle or a resource.
func (g *Gatherer) resources(c *collection, in io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(in, int64(g.o.MaxAnswer)+1))
	if err != nil {
		return err
	}
	if len(data) > g.o.MaxAnswer {
		return fault.New(fault.Unprocessable, "the object is larger than %d MiB", g.o.MaxAnswer>>20)
	}
	return c.add(data, "the object")
}

// lines reads NDJSON, a resource a line.
func (g *Gatherer) lines(c *collection, in io.Reader) error {
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 64<<10), maxLine)
	total := 0
	for n := 1; scan.Scan(); n++ {
		line := bytes.TrimSpace(scan.Bytes())
		if total += len(line); total > 16*g.o.MaxBytes {
			return fault.New(fault.Unprocessable, "the object is larger than %d MiB", 16*g.o.MaxBytes>>20)
		}
		if len(line) == 0 {
			continue
		}
		if err := c.add(line, fmt.Sprintf("line %d", n)); err != nil {
			return err
		}
	}
	if errors.Is(scan.Err(), bufio.ErrTooLong) {
		return fault.New(fault.Unprocessable, "a line is longer than %d MiB", maxLine>>20)
	}
	return scan.Err()
}
