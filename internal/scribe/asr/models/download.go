// SPDX-License-Identifier: Apache-2.0

package models

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"galen/internal/fault"
)

const (
	maxArchive = 4 << 30         // bytes
	stalled    = 1 * time.Minute // without a byte
	breaks     = 5               // of the connection, each after some bytes
)

// download brings the archive of a model to a file, which may hold its beginning.
type download struct {
	client   *http.Client
	model    Model
	path     string
	progress func(int64)
}

// run goes on with the download until the archive is whole. What came stays if it is not, unless it is not the archive that was meant.
func (d *download) run(ctx context.Context) error {
	out, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the archive cannot be kept: %w", err)
	}
	defer out.Close()
	for left := breaks; ; left-- {
		before, err := out.Seek(0, io.SeekEnd)
		if err != nil {
			return fmt.Errorf("the archive cannot be kept: %w", err)
		}
		err = d.part(ctx, out, before)
		if err == nil {
			break
		}
		after, _ := out.Seek(0, io.SeekEnd) // if it cannot be told, nothing came
		if after <= before || left == 0 || ctx.Err() != nil {
			return d.explain(err, after)
		}
	}
	if err := out.Close(); err != nil {
		return fmt.Errorf("the archive cannot be kept: %w", err)
	}
	err = check(d.path, d.model)
	if fault.KindOf(err) == fault.Invalid {
		_ = os.Remove(d.path) // the next one begins anew
	}
	return err
}

// explain says what to do about a download that did not come to its end.
func (d *download) explain(err error, size int64) error {
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return err
	case size > 0:
		return fault.Wrap(fault.Unavailable, err, "%s came as far as %d bytes: the same command again goes on from there", d.model.Name, size)
	}
	return fault.Wrap(fault.Unavailable, err, "%s cannot be had: fetch it elsewhere and give it with --from FILE", d.model.URL)
}

// part asks for what is not there yet and appends it to out, which holds size bytes.
func (d *download) part(ctx context.Context, out *os.File, size int64) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	watch := time.AfterFunc(stalled, func() { stop(errors.New("nothing came for a minute")) })
	defer watch.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.model.URL, nil)
	if err != nil {
		return err
	}
	if size > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", size))
	}
	resp, err := d.client.Do(req)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	if size, err = d.begin(out, size, resp); err != nil {
		return err
	}
	_, err = io.Copy(io.MultiWriter(out, &counter{size, d.progress, watch}), io.LimitReader(resp.Body, maxArchive-size))
	return cause(ctx, err)
}

// begin takes the head of an answer, and gives where its bytes go: behind those that are there, or in their place.
func (d *download) begin(out *os.File, size int64, resp *http.Response) (int64, error) {
	switch {
	case size > 0 && resp.StatusCode == http.StatusPartialContent && strings.HasPrefix(resp.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", size)):
		return size, nil
	case size > 0 && resp.StatusCode == http.StatusRequestedRangeNotSatisfiable: // all is there, or what is there is something else
		if check(d.path, d.model) == nil {
			resp.Body = http.NoBody
			return size, nil
		}
		if err := restart(out); err != nil {
			return 0, err
		}
		return 0, fault.New(fault.Unavailable, "what was there of %s was not of it, and is gone: give the command again", d.model.Name)
	case resp.StatusCode != http.StatusOK:
		return 0, fault.New(fault.Unavailable, "%s answers with status %d", resp.Request.URL.Host, resp.StatusCode)
	}
	return 0, restart(out)
}

func restart(out *os.File) error {
	if err := out.Truncate(0); err != nil {
		return err
	}
	_, err := out.Seek(0, io.SeekStart)
	return err
}

// cause is why ctx ended, if it did.
func cause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// counter counts the bytes of an archive.
type counter struct {
	n        int64
	progress func(int64)
	watch    *time.Timer
}

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	c.watch.Reset(stalled)
	if c.progress != nil {
		c.progress(c.n)
	}
	return len(p), nil
}

// check fails with fault.Invalid if the file is not the archive of m, and with fault.NotFound if there is none.
func check(path string, m Model) error {
	f, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.NotFound, err, "the archive cannot be read")
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return fault.Wrap(fault.Unavailable, err, "the archive cannot be read")
	}
	if got := hex.EncodeToString(sum.Sum(nil)); !strings.EqualFold(got, m.SHA256) {
		return fault.New(fault.Invalid, "what came is not %s: its SHA-256 is %s, not %s", m.Name, got, m.SHA256)
	}
	return nil
}
