// SPDX-License-Identifier: Apache-2.0

// Package process hears with a program of its own for each channel: samples go to its standard input, 16-bit little-endian at
// asr.Rate, lines come from its standard output, and a Reader tells what they mean. What the program does wrong ends the
// program, never the server. Recognisers are as package asr says; a program that ends by itself before its input did has failed, and so has
// one that takes no samples, or after the last one says nothing and does not end, for Command.Stall (ten times as long if it computes all the while).
package process

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os/exec"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/scribe/asr"
)

// maxLine bounds a line of a program, in bytes; a longer one ends it.
const maxLine = 1 << 20

// Reader reads the lines of one program, in order. Times in its results count from the program's first sample.
type Reader interface {
	// Line takes a line, and gives the results that are complete with it.
	Line(line []byte) ([]asr.Result, error)

	// End gives what is left when there are no more lines.
	End() []asr.Result
}

// Command is how a program is started.
type Command struct {
	Path  string
	Args  []string
	Stall time.Duration // how long it may stand still before it is ended; 0: a minute
}

// Open starts the program. It fails with fault.Unavailable if it does not start. reader is the recogniser's alone from then on.
func (p Command) Open(o asr.Options, reader Reader) (asr.Recogniser, error) {
	life, end := context.WithCancel(context.Background())
	c := exec.CommandContext(life, p.Path, p.Args...)
	c.WaitDelay = time.Second
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	err := errors.Join(err1, err2)
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		end()
		return nil, fault.Wrap(fault.Unavailable, err, "%s cannot be started", p.Path)
	}
	stall := cmp.Or(p.Stall, time.Minute)
	r := &recogniser{program: p.Path, stall: stall, begin: o.Begin, reader: reader, in: in, results: make(chan asr.Result), life: life, end: end}
	r.taking = watch{stall: stall, pid: c.Process.Pid, hung: r.hung}
	r.ending = watch{stall: stall, pid: c.Process.Pid, hung: r.hung}
	context.AfterFunc(life, func() { _ = out.Close() }) // children of the program may hold it open
	go r.run(c, out)
	return r, nil
}

// recogniser is one process. Its goroutine ends with the process.
type recogniser struct {
	program string
	stall   time.Duration
	begin   time.Duration
	reader  Reader
	in      io.WriteCloser
	buffer  []byte
	results chan asr.Result
	life    context.Context
	end     context.CancelFunc
	taking  watch // of samples
	ending  watch // after the last sample

	mu       sync.Mutex
	finished bool  // guarded by mu
	err      error // guarded by mu
}

func (r *recogniser) Push(ctx context.Context, samples []int16) error {
	r.buffer = r.buffer[:0]
	for _, s := range samples {
		r.buffer = binary.LittleEndian.AppendUint16(r.buffer, uint16(s))
	}
	stop := context.AfterFunc(ctx, r.end) // a pipe's write cannot be told to stop by itself
	defer stop()
	r.taking.begin()
	defer r.taking.end()
	if _, err := r.in.Write(r.buffer); err != nil {
		return fault.Wrap(fault.Unavailable, err, "%s takes no more audio", r.program)
	}
	return nil
}

func (r *recogniser) Finish() error {
	r.mu.Lock()
	r.finished = true
	r.mu.Unlock()
	r.ending.begin()
	return r.in.Close()
}

// hung ends a program that stands still.
func (r *recogniser) hung() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && r.life.Err() == nil {
		r.err = fault.New(fault.Unavailable, "%s stood still for %v", r.program, r.stall)
	}
	r.end()
}

func (r *recogniser) Results() <-chan asr.Result { return r.results }

func (r *recogniser) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *recogniser) Close() { r.end() }

// run reads what the process prints until it ends.
func (r *recogniser) run(c *exec.Cmd, out io.Reader) {
	defer close(r.results)
	defer r.end()
	failed := r.read(out)
	if failed != nil {
		_ = c.Process.Kill() // nobody reads what it prints any more
	}
	err := errors.Join(failed, c.Wait())
	r.ending.end()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.life.Err() == nil && (err != nil || !r.finished) {
		r.err = fault.Wrap(fault.Unavailable, err, "%s ended by itself", r.program)
	}
}

func (r *recogniser) read(out io.Reader) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		r.ending.again()
		results, err := r.reader.Line(lines.Bytes())
		if err != nil {
			return err
		}
		r.tell(results)
	}
	r.tell(r.reader.End())
	return lines.Err()
}

// tell hands on results, in the session's time.
func (r *recogniser) tell(results []asr.Result) {
	for _, x := range results {
		x.Begin += r.begin
		x.End += r.begin
		for i := range x.Words {
			x.Words[i].Begin += r.begin
			x.Words[i].End += r.begin
		}
		select {
		case r.results <- x:
			r.ending.again()
		case <-r.life.Done():
			return
		}
	}
}
