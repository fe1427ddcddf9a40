// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bytes"
	"io"
)

// line is one line of an input file, without its end.
type line struct {
	number  int64 // from 1
	start   int   // in the chunk's bytes
	end     int
	tooLong bool // start and end are then equal
}

// chunk is some whole lines of one file.
type chunk struct {
	bytes  []byte
	lines  []line // blank ones left out
	read   int64  // uncompressed bytes of the file up to the end of this chunk
	number int64  // lines of the file up to the end of this chunk, blank ones too
}

// lineReader cuts a stream into chunks of whole lines. A line longer than max is passed over without being kept.
type lineReader struct {
	r      io.Reader
	max    int
	chunk  int // bytes a chunk aims at
	carry  []byte
	read   int64
	number int64
	eof    bool
}

// next fills c with the next lines and reports whether there are more to come. A read error comes after the whole lines before it.
func (l *lineReader) next(c *chunk) (more bool, err error) {
	c.bytes = append(c.bytes[:0], l.carry...)
	c.lines = c.lines[:0]
	l.carry = l.carry[:0]
	for !l.eof {
		n := len(c.bytes)
		if cut := bytes.LastIndexByte(c.bytes, '\n'); n >= l.chunk && cut >= 0 {
			break
		} else if n > l.max && cut < 0 {
			err = l.pass(c)
			break
		}
		c.bytes = growBy(c.bytes, l.chunk)
		var k int
		k, err = l.r.Read(c.bytes[n:cap(c.bytes)])
		c.bytes = c.bytes[:n+k]
		if err == io.EOF {
			l.eof, err = true, nil
		}
		if err != nil {
			break
		}
	}
	l.cut(c, err == nil && l.eof)
	c.read, c.number = l.read, l.number
	return (!l.eof || len(l.carry) > 0) && err == nil, err
}

// cut splits c's bytes into lines and keeps what follows the last line end for the next chunk, unless all is to be taken.
func (l *lineReader) cut(c *chunk, all bool) {
	at := 0
	for at < len(c.bytes) {
		end, next := bytes.IndexByte(c.bytes[at:], '\n'), 0
		switch {
		case end >= 0:
			end += at
			next = end + 1
		case all:
			end, next = len(c.bytes), len(c.bytes)
		default:
			l.carry = append(l.carry, c.bytes[at:]...)
			c.bytes = c.bytes[:at]
			return
		}
		l.take(c, at, end)
		l.read += int64(next - at)
		at = next
	}
}

// byteOrderMark is tolerated at the beginning of a file.
var byteOrderMark = []byte("\xef\xbb\xbf")

func (l *lineReader) take(c *chunk, start, end int) {
	l.number++
	if l.number == 1 && bytes.HasPrefix(c.bytes[start:end], byteOrderMark) {
		start += len(byteOrderMark)
	}
	switch {
	case end-start > l.max:
		c.lines = append(c.lines, line{number: l.number, tooLong: true})
	case len(bytes.TrimSpace(c.bytes[start:end])) > 0:
		c.lines = append(c.lines, line{number: l.number, start: start, end: end})
	}
}

// pass drops the line that c's bytes begin, up to and with its end, which is still to be read.
func (l *lineReader) pass(c *chunk) error {
	l.number++
	c.lines = append(c.lines, line{number: l.number, tooLong: true})
	for {
		if cut := bytes.IndexByte(c.bytes, '\n'); cut >= 0 {
			l.read += int64(cut + 1)
			l.carry = append(l.carry, c.bytes[cut+1:]...)
			c.bytes = c.bytes[:0]
			return nil
		}
		l.read += int64(len(c.bytes))
		if l.eof {
			c.bytes = c.bytes[:0]
			return nil
		}
		k, err := l.r.Read(c.bytes[:cap(c.bytes)])
		c.bytes = c.bytes[:k]
		if err == io.EOF {
			l.eof = true
		} else if err != nil {
			c.bytes = c.bytes[:0]
			return err
		}
	}
}

// growBy returns b with room for at least n more bytes, or for as many as it holds already.
func growBy(b []byte, n int) []byte {
	if cap(b)-len(b) >= (n+1)/2 {
		return b
	}
	grown := make([]byte, len(b), len(b)+max(n, len(b)))
	copy(grown, b)
	return grown
}
