// SPDX-License-Identifier: Apache-2.0

package synth

import (
	"context"
	"embed"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"galen/internal/fault"
	"galen/internal/synth/chance"
	"galen/internal/synth/life"
	"galen/internal/synth/module"
	"galen/internal/synth/people"
	"galen/internal/synth/write"
)

//go:embed modules
var builtIn embed.FS

// MaxPatients is the largest population.
const MaxPatients = 100_000_000

// DefaultDate is the reference date unless another is given.
var DefaultDate = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Options says what to make. The zero value makes nobody.
type Options struct {
	Patients int
	Seed     uint64
	Date     time.Time // the present of the patients; DefaultDate if zero
	Years    int       // of history that is written, counted from the date or from death; 10 if 0, all if negative
	Modules  []fs.FS   // folders of modules beside the built-in ones; a file of the same name takes the other's place
	OnlyThem bool      // leave out the built-in modules
	Bundles  bool      // give transaction Bundles by patient instead of resources
	Workers  int       // goroutines; the number of processors if 0
}

// Sink takes a resource: its type and its JSON in one line with the line feed. The bytes are good until it returns.
type Sink func(resourceType string, line []byte) error

// Modules gives the built-in modules.
func Modules() fs.FS {
	sub, err := fs.Sub(builtIn, "modules")
	if err != nil {
		panic(err) // the folder is embedded
	}
	return sub
}

// Generate makes patients and gives their resources to the sink, one at a time: first the organizations, places and
// practitioners, then patient by patient. It stops at the sink's first error and returns it, and when ctx ends.
// It fails with fault.Invalid for options or modules that cannot be.
func Generate(ctx context.Context, o Options, sink Sink) error {
	g, err := newGenerator(o)
	if err != nil {
		return err
	}
	w := write.NewWriter(g.world)
	buf, lines := w.World()
	if err := g.give(chunk{buf: buf, lines: lines}, sink); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return g.run(ctx, cancel, sink)
}

type generator struct {
	Options
	set    *module.Set
	world  *write.World
	cities []int
	now    int64
}

func newGenerator(o Options) (*generator, error) {
	if o.Patients < 0 || o.Patients > MaxPatients {
		return nil, fault.New(fault.Invalid, "the number of patients is not within 0 and %d", MaxPatients)
	}
	if o.Date.IsZero() {
		o.Date = DefaultDate
	}
	if y := o.Date.Year(); y < 2000 || y > 2100 {
		return nil, fault.New(fault.Invalid, "the date is not within the years 2000 and 2100")
	}
	if o.Years == 0 {
		o.Years = 10
	}
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	folders := o.Modules
	if !o.OnlyThem {
		folders = append([]fs.FS{Modules()}, folders...)
	}
	set, err := module.Load(folders...)
	if err != nil {
		return nil, err
	}
	g := &generator{Options: o, set: set, now: o.Date.Unix()}
	g.cities = cities(o.Seed, o.Patients)
	g.world = write.NewWorld(o.Seed, g.now, g.cities)
	return g, nil
}

// cities picks where people live: one city for the first hundred, one more for each hundred after.
func cities(seed uint64, patients int) []int {
	s := chance.New(seed, 4, 0)
	n := min(1+patients/100, len(people.Cities))
	all := make([]int, len(people.Cities))
	for i := range all {
		all[i] = i
	}
	for i := range n {
		j := i + s.Int(len(all)-i)
		all[i], all[j] = all[j], all[i]
	}
	return all[:n]
}

// chunk is the resources of one person.
type chunk struct {
	buf   []byte
	lines []write.Line
	err   error
}

// run has workers make people, each every nth, and gives them to the sink in order.
func (g *generator) run(ctx context.Context, cancel context.CancelFunc, sink Sink) error {
	n := max(min(g.Workers, g.Patients), 1)
	out := make([]chan chunk, n)
	free := make([]chan chunk, n)
	var wg sync.WaitGroup
	for i := range n {
		out[i], free[i] = make(chan chunk, ahead), make(chan chunk, ahead)
		for range ahead {
			free[i] <- chunk{}
		}
		wg.Go(func() { g.work(ctx, i, n, free[i], out[i]) })
	}
	err := g.collect(ctx, out, free, sink)
	cancel()
	wg.Wait()
	return err
}

// ahead is how many people a worker may have ready.
const ahead = 8

func (g *generator) collect(ctx context.Context, out, free []chan chunk, sink Sink) error {
	for p := range g.Patients {
		i := p % len(out)
		select {
		case c := <-out[i]:
			if c.err != nil {
				return c.err
			}
			if err := g.give(c, sink); err != nil {
				return err
			}
			free[i] <- c
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// work makes every nth person.
func (g *generator) work(ctx context.Context, first, n int, free <-chan chunk, out chan<- chunk) {
	runner, w := life.NewRunner(g.set), write.NewWriter(g.world)
	for p := first; p < g.Patients; p += n {
		var c chunk
		select {
		case c = <-free:
		case <-ctx.Done():
			return
		}
		c = g.person(p, runner, w, c)
		out <- c // has room: as many as are free
		if c.err != nil {
			return
		}
	}
}

// tries is how many lives are made at most for a person who dies in them long before now: the ages of people are those of
// people who live.
const tries = 6

// person makes the pth person into a chunk's room.
func (g *generator) person(p int, runner *life.Runner, w *write.Writer, c chunk) chunk {
	s := chance.New(g.Seed, 2, uint64(p))
	who := people.Draw(&s, g.now, g.cities)
	l, err := runner.Run(who, s, g.now)
	for try := uint64(1); try < tries && err == nil && l.End < g.now-people.Recent; try++ {
		l, err = runner.Run(who, chance.New(g.Seed, 5+try, uint64(p)), g.now)
	}
	if err != nil {
		return chunk{err: err}
	}
	buf, lines := w.Life(p, l, g.Years)
	if g.Bundles {
		c.buf = bundle(c.buf[:0], buf, lines)
		c.lines = append(c.lines[:0], write.Line{Type: "Bundle", End: len(c.buf)})
		return c
	}
	c.buf, c.lines = append(c.buf[:0], buf...), append(c.lines[:0], lines...)
	return c
}

// give gives a chunk to the sink.
func (g *generator) give(c chunk, sink Sink) error {
	if g.Bundles && (len(c.lines) == 0 || c.lines[0].Type != "Bundle") {
		return sink("Bundle", bundle(nil, c.buf, c.lines))
	}
	start := 0
	for _, l := range c.lines {
		if err := sink(l.Type, c.buf[start:l.End]); err != nil {
			return err
		}
		start = l.End
	}
	return nil
}

// idAt is where the id begins in a resource of a type: {"resourceType":"T","id":"…
func idAt(resourceType string) int { return len(`{"resourceType":"","id":"`) + len(resourceType) }

// bundle appends a transaction that puts resources.
func bundle(dst, buf []byte, lines []write.Line) []byte {
	dst = append(dst, `{"resourceType":"Bundle","type":"transaction","entry":[`...)
	start := 0
	for i, l := range lines {
		if i > 0 {
			dst = append(dst, ',')
		}
		line := buf[start : l.End-1]
		id := line[idAt(l.Type) : idAt(l.Type)+36]
		dst = append(dst, `{"fullUrl":"urn:uuid:`...)
		dst = append(dst, id...)
		dst = append(dst, `","resource":`...)
		dst = append(dst, line...)
		dst = append(dst, `,"request":{"method":"PUT","url":"`...)
		dst = append(dst, l.Type...)
		dst = append(dst, '/')
		dst = append(dst, id...)
		dst = append(dst, `"}}`...)
		start = l.End
	}
	return append(dst, "]}\n"...)
}
