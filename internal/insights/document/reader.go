// SPDX-License-Identifier: Apache-2.0

package document

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"galen/internal/fault"
)

// The sizes that documents may have, those of the original service for PDFs and pictures.
//
// https://docs.aws.amazon.com/connecthealth/latest/userguide/patient-insights.html
const (
	MaxPDF     = 500 << 20
	MaxPicture = 10 << 20
	MaxMarkup  = 64 << 20 // of HTML and C-CDA
)

// Options of a Reader. The zero value reads text, HTML and C-CDA.
type Options struct {
	PDF     []string      // program and arguments; a PDF file is its standard input, text its standard output; nil: none
	OCR     []string      // the same for pictures; nil: none
	Timeout time.Duration // for one document; 0: 60 s
	MaxText int           // bytes of one text; 0: 1 MiB
}

// PasswordExit is the exit code of Options.PDF for a file that needs a password.
const PasswordExit = 3

// Reader makes text of documents.
type Reader struct{ o Options }

// NewReader makes a reader.
func NewReader(o Options) *Reader {
	o.Timeout = cmp.Or(o.Timeout, time.Minute)
	o.MaxText = cmp.Or(o.MaxText, 1<<20)
	return &Reader{o}
}

// Text is the text of a document of a kind. It fails with fault.Unprocessable, saying why, if there is none to be had.
func (r *Reader) Text(ctx context.Context, kind Kind, in io.Reader) (string, error) {
	var text string
	var err error
	switch kind {
	case Text:
		text, err = r.plain(in)
	case HTML, CDA:
		text, err = r.markup(kind, in)
	case PDF:
		text, err = r.pdf(ctx, in)
	case PNG, JPEG:
		text, err = r.picture(ctx, in)
	default:
		return "", fault.New(fault.Unprocessable, "the document is of a kind that is not read: PDF, PNG, JPEG, text, HTML, C-CDA and FHIR JSON are")
	}
	if err != nil {
		return "", err
	}
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
	if text = strings.TrimSpace(text); text == "" {
		return "", fault.New(fault.Unprocessable, "there is no text in the document")
	}
	return text, nil
}

// plain reads text up to the limit.
func (r *Reader) plain(in io.Reader) (string, error) {
	data, err := io.ReadAll(io.LimitReader(in, int64(r.o.MaxText)))
	return string(whole(data)), err
}

func (r *Reader) markup(kind Kind, in io.Reader) (string, error) {
	data, err := limited(in, MaxMarkup)
	if err != nil {
		return "", err
	}
	if kind == CDA {
		return cdaText(data, r.o.MaxText)
	}
	return htmlText(data, r.o.MaxText), nil
}

// pdf spools the document into a file, which is what readers of PDFs need.
func (r *Reader) pdf(ctx context.Context, in io.Reader) (string, error) {
	if r.o.PDF == nil {
		return "", fault.New(fault.Unprocessable, "PDF documents are not read by this server")
	}
	f, err := os.CreateTemp("", "galen-*.pdf")
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "there is no room for the document")
	}
	defer os.Remove(f.Name())
	defer f.Close()
	n, err := io.Copy(f, io.LimitReader(in, MaxPDF+1))
	if err != nil {
		return "", err
	}
	if n > MaxPDF {
		return "", tooLarge(MaxPDF)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return r.run(ctx, "PDF", r.o.PDF, f)
}

func (r *Reader) picture(ctx context.Context, in io.Reader) (string, error) {
	if r.o.OCR == nil {
		return "", fault.New(fault.Unprocessable, "pictures are not read by this server: no program for it is configured")
	}
	data, err := limited(in, MaxPicture)
	if err != nil {
		return "", err
	}
	return r.run(ctx, "picture", r.o.OCR, bytes.NewReader(data))
}

// run gives in to a program and takes the text that it writes, up to the limit, while it has time.
func (r *Reader) run(ctx context.Context, what string, program []string, in io.Reader) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program[0], program[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "OMP_THREAD_LIMIT=1"} // nothing else of ours, no secrets
	if data, ok := os.LookupEnv("TESSDATA_PREFIX"); ok {
		cmd.Env = append(cmd.Env, "TESSDATA_PREFIX="+data)
	}
	cmd.WaitDelay = time.Second
	cmd.Stdin = in
	out := &bounded{max: r.o.MaxText}
	cmd.Stdout = out
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", fault.New(fault.Unprocessable, "the %s was not read within %v", what, r.o.Timeout)
	case errors.As(err, &exit) && exit.ExitCode() == PasswordExit && what == "PDF":
		return "", fault.New(fault.Unprocessable, "the PDF is encrypted")
	case errors.As(err, &exit):
		return "", fault.New(fault.Unprocessable, "the %s is damaged, or too much for its reader", what)
	case err != nil:
		return "", fault.Wrap(fault.Unavailable, err, "the program that reads a %s could not be run", what)
	}
	return string(whole(out.b.Bytes())), nil
}

// bounded keeps the first max bytes of what is written.
type bounded struct {
	b   bytes.Buffer
	max int
}

func (w *bounded) Write(p []byte) (int, error) {
	w.b.Write(p[:min(len(p), w.max-w.b.Len())])
	return len(p), nil
}

func limited(in io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = tooLarge(limit)
	}
	return data, err
}

func tooLarge(limit int64) error {
	return fault.New(fault.Unprocessable, "the document is larger than %d MiB", limit>>20)
}
