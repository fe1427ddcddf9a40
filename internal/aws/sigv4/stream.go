// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The payloads that are sent in chunks, as S3 clients do for bodies that they do not hold whole.
const (
	streamSigned          = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	streamSignedTrailer   = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	streamUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

	maxChunk      = 16 << 20 // bytes of one chunk; clients send 64 KiB to 5 MiB
	maxChunkLine  = 4 << 10  // bytes of a chunk's header or a trailer
	maxTrailers   = 32
	chunkAlg      = "AWS4-HMAC-SHA256-PAYLOAD"
	trailerAlg    = "AWS4-HMAC-SHA256-TRAILER"
	trailerSigKey = "x-amz-trailer-signature"
)

// VerifyStream authenticates a request by its head and replaces r.Body with a reader that checks the payload as it is
// read: the hash of a plain body at its end, or the signature of each chunk before it is given out. That reader fails
// with *Error if the payload is not what was signed, and with io.ErrUnexpectedEOF if it is cut short.
//
// For a body in chunks, r.ContentLength becomes that of the payload (-1 if the client did not say), "aws-chunked" is
// taken from Content-Encoding, and the trailers are in r.Trailer once the body is read to its end. A plain body without
// x-amz-content-sha256 is refused, but for presigned requests to s3, where no payload is signed.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
func (v *Verifier) VerifyStream(r *http.Request, now time.Time) (Identity, error) {
	p, err := v.Begin(r, now)
	if err != nil {
		return Identity{}, err
	}
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	switch p.c.payload {
	case "":
		return Identity{}, fail(IncompleteSignature, "Missing required header for this request: x-amz-content-sha256")
	case UnsignedPayload:
	case streamSigned, streamSignedTrailer, streamUnsignedTrailer:
		length, err := decodedLength(r)
		if err != nil {
			return Identity{}, err
		}
		r.Body = newChunks(&p, body, length)
		r.ContentLength = length
		dropChunked(r.Header)
		r.Header.Del("Content-Length")
	default:
		if len(p.c.payload) != 2*sha256.Size {
			return Identity{}, fail(IncompleteSignature, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a streaming form, or a valid sha256 value.")
		}
		r.Body = &hashed{body: body, sum: sha256.New(), want: p.c.payload}
	}
	return v.identity(p.c, p.cred), nil
}

// decodedLength is what the client says of the payload's length, -1 if nothing.
func decodedLength(r *http.Request) (int64, error) {
	text := r.Header.Get("X-Amz-Decoded-Content-Length")
	if text == "" {
		return -1, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fail(IncompleteSignature, "x-amz-decoded-content-length is not a length.")
	}
	return n, nil
}

func dropChunked(h http.Header) {
	var kept []string
	for encoding := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && encoding != "aws-chunked" {
			kept = append(kept, encoding)
		}
	}
	if len(kept) == 0 {
		h.Del("Content-Encoding")
		return
	}
	h.Set("Content-Encoding", strings.Join(kept, ","))
}

// hashed reads a body and compares its hash at the end.
type hashed struct {
	body io.ReadCloser
	sum  hash.Hash
	want string
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.body.Read(p)
	h.sum.Write(p[:n])
	if err == io.EOF {
		if hex.EncodeToString(h.sum.Sum(nil)) != h.want {
			return n, fail(InvalidSignature, "The provided 'x-amz-content-sha256' header does not match what was computed.")
		}
	}
	return n, err
}

func (h *hashed) Close() error { return h.body.Close() }

// chunks reads the aws-chunked form. One chunk at a time is held, so that nothing unchecked is given out.
type chunks struct {
	body     io.Closer
	in       *bufio.Reader
	r        *http.Request
	key      [sha256.Size]byte
	date     string
	scope    string
	previous string // signature of the chunk before
	signed   bool
	trailers bool
	left     int64 // bytes of payload that may still come; -1: not said

	chunk  bytes.Buffer
	rest   int64 // bytes to come of a chunk that is not signed
	failed error
}

func newChunks(p *Pending, body io.ReadCloser, length int64) *chunks {
	return &chunks{
		body: body, in: bufio.NewReaderSize(body, maxChunkLine), r: p.r, key: p.key, date: p.c.date,
		scope: string(p.c.scope.text(nil)), previous: p.c.signature, left: length,
		signed: p.c.payload != streamUnsignedTrailer, trailers: p.c.payload != streamSigned,
	}
}

func (c *chunks) Close() error { return c.body.Close() }

func (c *chunks) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for c.failed == nil {
		if c.chunk.Len() > 0 {
			return c.chunk.Read(p)
		}
		if c.rest > 0 {
			return c.readUnsigned(p)
		}
		c.failed = c.next()
	}
	return 0, c.failed
}

// readUnsigned gives out a chunk that needs no check as it comes.
func (c *chunks) readUnsigned(p []byte) (int, error) {
	n, err := c.in.Read(p[:min(int64(len(p)), c.rest)])
	c.rest -= int64(n)
	if err == nil && c.rest == 0 {
		err = c.endOfChunk()
	}
	c.failed = cutShort(err)
	return n, c.failed
}

// next reads a chunk's header, and its data too if that is signed. It returns io.EOF after the last.
func (c *chunks) next() error {
	line, err := c.line()
	if err != nil {
		return err
	}
	count, extension, _ := strings.Cut(line, ";")
	size, err := strconv.ParseInt(strings.TrimSpace(count), 16, 64)
	if err != nil || size < 0 || c.left >= 0 && size > c.left {
		return malformed("a chunk's size")
	}
	if c.left >= 0 {
		c.left -= size
	}
	sig := ""
	if c.signed {
		var ok bool
		if sig, ok = strings.CutPrefix(extension, "chunk-signature="); !ok {
			return malformed("a chunk without its signature")
		}
	}
	switch {
	case size == 0:
		return c.end(sig)
	case !c.signed:
		c.rest = size
		return nil
	case size > maxChunk:
		return malformed("a chunk of more than 16 MiB")
	}
	c.chunk.Reset()
	if _, err := io.CopyN(&c.chunk, c.in, size); err != nil {
		return cutShort(err)
	}
	if err := c.check(c.chunk.Bytes(), sig); err != nil {
		c.chunk.Reset()
		return err
	}
	return c.endOfChunk()
}

// end takes the last, empty chunk and what follows it.
func (c *chunks) end(sig string) error {
	if c.left > 0 {
		return io.ErrUnexpectedEOF
	}
	if c.signed {
		if err := c.check(nil, sig); err != nil {
			return err
		}
	}
	if !c.trailers {
		return noMore(c.endOfChunk())
	}
	return noMore(c.readTrailers())
}

func noMore(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// readTrailers reads name:value lines up to an empty one, and checks their signature.
func (c *chunks) readTrailers() error {
	var canonical bytes.Buffer
	trailer, sig := http.Header{}, ""
	for range maxTrailers {
		line, err := c.line()
		if errors.Is(err, io.ErrUnexpectedEOF) && len(trailer) > 0 && !c.signed {
			line, err = "", nil // some clients leave out the last line break
		}
		if err != nil {
			return err
		}
		if line == "" {
			if c.signed && !c.trailerMatches(canonical.Bytes(), sig) {
				return fail(InvalidSignature, mismatch)
			}
			c.r.Trailer = trailer
			return nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return malformed("a trailer without a colon")
		}
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if name == trailerSigKey {
			sig = value
			continue
		}
		canonical.WriteString(name + ":" + value + "\n")
		trailer.Add(name, value)
	}
	return malformed("too many trailers")
}

func (c *chunks) trailerMatches(canonical []byte, sig string) bool {
	hash := sha256.Sum256(canonical)
	want := hexMAC(c.key, []byte(trailerAlg+"\n"+c.date+"\n"+c.scope+"\n"+c.previous+"\n"+hex.EncodeToString(hash[:])))
	return hmac.Equal(want[:], []byte(sig))
}

// check holds data to its signature, which the next chunk's is chained to.
func (c *chunks) check(data []byte, sig string) error {
	hash := sha256.Sum256(data)
	want := hexMAC(c.key, []byte(chunkAlg+"\n"+c.date+"\n"+c.scope+"\n"+c.previous+"\n"+emptyHash+"\n"+hex.EncodeToString(hash[:])))
	if subtle.ConstantTimeCompare(want[:], []byte(sig)) != 1 {
		return fail(InvalidSignature, mismatch)
	}
	c.previous = sig
	return nil
}

func (c *chunks) endOfChunk() error {
	line, err := c.line()
	if err == nil && line != "" {
		return malformed("a chunk longer than it says")
	}
	return err
}

// line reads up to a line break.
func (c *chunks) line() (string, error) {
	line, err := c.in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", malformed("a line too long")
	case err != nil:
		return "", cutShort(err)
	}
	return string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))), nil
}

func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func malformed(what string) error {
	return fail(IncompleteSignature, "The aws-chunked body has "+what+".")
}
