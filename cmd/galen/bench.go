// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/spf13/cobra"

	"galen/internal/synth"
)

func newBenchCommand() *cobra.Command {
	b := &bench{}
	var input string
	var asJSON, hear bool
	var known speechFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine: each figure beside its physical floor",
		Long: `Start a server in a process of its own and measure it over the wire, with the load on the same machine. Beside each figure
stands the floor that this machine has for it, measured in the same run, and the ratio of the two: that is the
figure to compare between machines.

The input is a folder of .ndjson or .ndjson.gz files; without one, patients are made up.

With --speech the recognisers that are there are measured instead: what they get wrong, how long one waits for what they heard, and
live visits. It takes some minutes, as talks take the time that they take.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if hear {
				return known.bench(c.Context(), b.dir, c.OutOrStdout(), c.ErrOrStderr(), asJSON)
			}
			files, err := benchFiles(c.Context(), input)
			if err != nil {
				return err
			}
			b.files, b.progress = files, c.ErrOrStderr()
			rows, err := b.run(c.Context())
			if err != nil {
				return err
			}
			return printRows(c.OutOrStdout(), rows, asJSON)
		},
	}
	c.Flags().StringVar(&input, "input", "", "folder of the input (default: ../shared/data/synthea-600 if it is there)")
	c.Flags().BoolVar(&asJSON, "json", false, "print the table as JSON")
	c.Flags().StringVar(&b.dir, "dir", "", "folder for the server's data, on the disk to be measured (default: a temporary one)")
	c.Flags().BoolVar(&hear, "speech", false, "measure speech recognisers instead of the server")
	known.add(c.Flags())
	c.Flags().DurationVar(&b.span, "span", 5*time.Second, "how long each request benchmark lasts")
	return c
}

// benchFiles is the input: a folder given, the shared data, or made-up patients.
func benchFiles(ctx context.Context, input string) (fs.FS, error) {
	const shared = "../shared/data/synthea-600"
	if _, err := os.Stat(shared); input == "" && err == nil {
		input = shared
	}
	return demoFiles(ctx, input, 500)
}

// bench is one run.
type bench struct {
	files    fs.FS
	dir      string
	span     time.Duration
	progress io.Writer
	child    *child
	store    string

	resources float64 // imported
}

// row is one line of the table.
type row struct {
	Work  string  `json:"work"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	Goal  string  `json:"goal"`
	Floor float64 `json:"floor,omitempty"`
	Of    string  `json:"floor_is,omitempty"`
	Note  string  `json:"note,omitempty"`
}

// ratio is how close to its floor a figure is, 1 being all the way; 0 if it has none. Rates above the floor count as 1 and more.
func (r row) ratio() float64 {
	if r.Floor == 0 || r.Value == 0 {
		return 0
	}
	if r.Unit == "ms" || r.Unit == "bytes/resource" {
		return r.Floor / r.Value
	}
	return r.Value / r.Floor
}

func (b *bench) run(ctx context.Context) (rows []row, err error) {
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "galen-bench-"); err != nil {
			return nil, err
		}
		defer os.RemoveAll(b.dir)
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, err
	}
	b.say("floors of this machine")
	floor, err := measureFloors(b.files, b.dir, b.span)
	if err != nil {
		return nil, err
	}
	if b.child, err = startChild(context.WithoutCancel(ctx), filepath.Join(b.dir, "data")); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.child.stop()) }()
	for _, part := range []func(context.Context, floors) ([]row, error){b.bulk, b.bulkExport, b.restart, b.reads, b.writes, b.transactions, b.searches, b.everything, b.codes, b.people} {
		more, err := part(ctx, floor)
		if err != nil {
			return rows, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

func (b *bench) say(what string) { fmt.Fprintf(b.progress, "galen bench: %s…\n", what) }

// bulk measures import, export, disk and memory.
func (b *bench) bulk(ctx context.Context, f floors) ([]row, error) {
	bucket := "bench"
	if _, err := b.child.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		return nil, err
	}
	if _, err := b.child.upload(ctx, b.files, bucket, "in/"); err != nil {
		return nil, err
	}
	id, err := b.child.createStore(ctx, "bench")
	if err != nil {
		return nil, err
	}
	b.store = id
	b.say("import")
	began := time.Now()
	job, err := b.child.importFrom(ctx, id, "s3://bench/in/", "s3://bench/logs/")
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	p := job.JobProgressReport
	n := float64(*p.TotalNumberOfResourcesImported)
	if bad := *p.TotalNumberOfResourcesWithCustomerError; bad > 0 || n == 0 {
		return nil, fmt.Errorf("the import is %s: %.0f imported, %d refused", job.JobStatus, n, bad)
	}
	b.resources = n
	memory := float64(b.child.memory()) / (1 << 20)
	b.say("export")
	began = time.Now()
	if _, err := b.child.exportTo(ctx, id, "s3://bench/export/"); err != nil {
		return nil, err
	}
	exported := time.Since(began)
	lines, size, err := countLines(filepath.Join(b.child.data, "s3", "bench", "export"), "*/*/*.ndjson")
	if err != nil {
		return nil, err
	}
	if lines != int(n) {
		return nil, fmt.Errorf("%d resources exported, %.0f imported", lines, n)
	}
	return []row{
		{Work: "import, strict validation", Value: n / took.Seconds(), Unit: "resources/s", Goal: "≥ 20,000", Floor: f.parse,
			Of: fmt.Sprintf("parsing alone, %d cores", runtime.GOMAXPROCS(0)), Note: fmt.Sprintf("%.0f resources in %s", n, short(took))},
		{Work: "memory while importing", Value: memory, Unit: "MiB", Goal: "< 1,024"},
		{Work: "export", Value: float64(size) / 1e6 / exported.Seconds(), Unit: "MB/s", Goal: "≥ 100", Floor: f.write, Of: "writing and syncing a file"},
	}, nil
}

// restart measures how soon a server with all that data is ready, and what the data takes on disk.
func (b *bench) restart(ctx context.Context, f floors) ([]row, error) {
	b.say("restart")
	busy, err := folderSize(filepath.Join(b.child.data, "engine"))
	if err != nil {
		return nil, err
	}
	if err := b.child.stop(); err != nil {
		return nil, err
	}
	began := time.Now()
	c, err := startChild(context.WithoutCancel(ctx), b.child.data)
	if err != nil {
		return nil, err
	}
	b.child = c
	ready := time.Since(began)
	time.Sleep(settle)
	disk, err := folderSize(filepath.Join(b.child.data, "engine"))
	if err != nil {
		return nil, err
	}
	return []row{
		{Work: "disk, all indexes included", Value: float64(disk) / b.resources, Unit: "bytes/resource", Goal: "< 700", Floor: f.gzip, Of: "the input gzipped",
			Note: fmt.Sprintf("at rest; right after the import %.0f MB more, mostly logs that are used again", float64(busy-disk)/1e6)},
		{Work: "start to ready, with that data", Value: float64(ready.Microseconds()) / 1000, Unit: "ms", Goal: "< 1,000"},
	}, nil
}

// people measures how fast patients are made up, on a million resources that go nowhere.
func (b *bench) people(ctx context.Context, _ floors) ([]row, error) {
	b.say("a million made-up resources")
	const wanted = 1_000_000
	n, size := 0, 0
	began := time.Now()
	err := synth.Generate(ctx, synth.Options{Patients: wanted, Seed: sampleSeed}, func(_ string, line []byte) error {
		if n++; n > wanted {
			return errEnough
		}
		size += len(line)
		return nil
	})
	if !errors.Is(err, errEnough) {
		return nil, err
	}
	took := time.Since(began)
	return []row{{Work: "making up patients, NDJSON", Value: wanted / took.Seconds(), Unit: "resources/s", Goal: "≥ 30,000",
		Note: fmt.Sprintf("a million resources, %.0f MB", float64(size)/1e6)}}, nil
}

var errEnough = errors.New("enough")

// settle is how long an idle server gets to remove the files it no longer needs before its folder is measured.
const settle = 2 * time.Second

// folderSize is the bytes of all files below dir.
func folderSize(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // compacted away meanwhile
		}
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

// printRows prints the table as Markdown, or as JSON.
func printRows(out io.Writer, rows []row, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	fmt.Fprintf(out, "| work | measured | goal | floor of this machine | ratio | |\n| --- | --: | --: | --- | --: | --- |\n")
	for _, r := range rows {
		floor, ratio := "", ""
		if r.Floor > 0 {
			floor = fmt.Sprintf("%s %s (%s)", figure(r.Floor), r.Unit, r.Of)
			ratio = fmt.Sprintf("%.2f", r.ratio())
		}
		fmt.Fprintf(out, "| %s | %s %s | %s | %s | %s | %s |\n", r.Work, figure(r.Value), r.Unit, r.Goal, floor, ratio, r.Note)
	}
	return nil
}

// figure prints a number with three digits or more that count.
func figure(v float64) string {
	switch {
	case v >= 1000:
		return thousands(int64(v + 0.5))
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return thousands(n/1000) + fmt.Sprintf(",%03d", n%1000)
}
