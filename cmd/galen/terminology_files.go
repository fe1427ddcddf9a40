// SPDX-License-Identifier: Apache-2.0

package main

import (
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"galen/internal/fhir/term"
	loader "galen/internal/fhir/term/load"
)

// release is how a code system is distributed: files, told by their names.
type release struct {
	files   []releaseFile
	version func(*releaseFiles) string // as the names of the files tell; empty if they do not
	read    func(f *releaseFiles, version string) (*term.System, error)
}

// releaseFile is a kind of file of a release.
type releaseFile struct {
	key      string
	name     *regexp.Regexp
	required bool
	many     bool
}

// releases are the code systems that can be added, by the name that the command gives them.
var releases = map[string]release{
	"loinc": {[]releaseFile{{"table", regexp.MustCompile(`(?i)^Loinc\.csv$`), true, false}, {"answers", regexp.MustCompile(`(?i)^AnswerList\.csv$`), false, false},
		{"hierarchy", regexp.MustCompile(`(?i)^ComponentHierarchyBySystem\.csv$`), false, false}},
		fromPath(regexp.MustCompile(`(?i)Loinc_([0-9]+\.[0-9]+)`), ""),
		func(f *releaseFiles, version string) (*term.System, error) {
			return loader.LOINC(loader.LOINCFiles{Table: f.one("table"), Answers: f.one("answers"), Hierarchy: f.one("hierarchy")}, version)
		}},
	"snomed": {[]releaseFile{{"concepts", regexp.MustCompile(`^x?sct2_Concept_Snapshot_.*\.txt$`), true, false},
		{"descriptions", regexp.MustCompile(`^x?sct2_Description_Snapshot-.*\.txt$`), true, true},
		{"relationships", regexp.MustCompile(`^x?sct2_Relationship_Snapshot_.*\.txt$`), true, false},
		{"language", regexp.MustCompile(`^x?der2_cRefset_LanguageSnapshot-en.*\.txt$`), false, false},
		{"refsets", regexp.MustCompile(`^x?der2_Refset_Simple(Refset)?Snapshot_.*\.txt$`), false, true}},
		snomedVersion,
		func(f *releaseFiles, version string) (*term.System, error) {
			return loader.Snomed(loader.SnomedFiles{Concepts: f.one("concepts"), Descriptions: f.all("descriptions"), Relationships: f.one("relationships"),
				Language: f.one("language"), Refsets: f.all("refsets")}, version)
		}},
	"rxnorm": {[]releaseFile{{"names", regexp.MustCompile(`(?i)^RXNCONSO\.RRF$`), true, false}, {"relations", regexp.MustCompile(`(?i)^RXNREL\.RRF$`), false, false}},
		fromPath(regexp.MustCompile(`RxNorm_(?:full|weekly)(?:_prescribe)?_([0-9]{8})`), ""),
		func(f *releaseFiles, version string) (*term.System, error) {
			return loader.RxNorm(f.one("names"), f.one("relations"), version)
		}},
	"icd-10-cm": {[]releaseFile{{"order", regexp.MustCompile(`(?i)icd10cm.*order.*\.txt$`), true, false}},
		fromPath(regexp.MustCompile(`(?i)icd10cm.*order.*?(20[0-9]{2})`), ""),
		func(f *releaseFiles, version string) (*term.System, error) {
			return loader.ICD10CM(f.one("order"), version)
		}},
	"cvx": {[]releaseFile{{"table", regexp.MustCompile(`(?i)^cvx.*\.(txt|tsv)$`), true, false}},
		fromPath(regexp.MustCompile(`(20[0-9]{2}-?[0-9]{2}-?[0-9]{2})`), "unknown"),
		func(f *releaseFiles, version string) (*term.System, error) {
			return loader.CVX(f.one("table"), version)
		}},
}

// fromPath finds the version in the path of the first file.
func fromPath(pattern *regexp.Regexp, otherwise string) func(*releaseFiles) string {
	return func(f *releaseFiles) string {
		if m := pattern.FindStringSubmatch(f.first); m != nil {
			return m[1]
		}
		return otherwise
	}
}

// snomedVersion is the edition and date that the file of concepts names.
func snomedVersion(f *releaseFiles) string {
	m := regexp.MustCompile(`_Snapshot_([A-Z]+)[0-9]*_([0-9]{8})\.txt$`).FindStringSubmatch(f.first)
	if m == nil {
		return ""
	}
	module, ok := map[string]string{"INT": "900000000000207008", "US": "731000124108"}[m[1]]
	if !ok {
		return ""
	}
	return "http://snomed.info/sct/" + module + "/version/" + m[2]
}

// releaseFiles are the files of a release, open.
type releaseFiles struct {
	open  map[string][]*os.File
	first string // path of the first required one
	size  int64
	read  atomic.Int64
	stop  chan struct{}
	ended chan struct{}
}

// findFiles opens the files of a release: those named, and those in folders named. A file that is named on its own is the first
// required one whatever its name.
func findFiles(r release, paths []string) (f *releaseFiles, err error) {
	f = &releaseFiles{open: map[string][]*os.File{}, stop: make(chan struct{}), ended: make(chan struct{})}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	for _, path := range paths {
		err := filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			for _, kind := range r.files {
				if kind.name.MatchString(strings.TrimSuffix(d.Name(), ".gz")) || len(paths) == 1 && at == path && kind.required {
					return f.add(kind, at)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	for _, kind := range r.files {
		if kind.required && len(f.open[kind.key]) == 0 {
			return nil, usageError{fmt.Errorf("there is no file with a name like %s", kind.name)}
		}
	}
	f.first = f.open[r.files[0].key][0].Name()
	return f, nil
}

func (f *releaseFiles) add(kind releaseFile, path string) error {
	if len(f.open[kind.key]) > 0 && !kind.many {
		return usageError{fmt.Errorf("%s and %s are the same file of a release: name one", f.open[kind.key][0].Name(), path)}
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	f.open[kind.key] = append(f.open[kind.key], file)
	info, err := file.Stat()
	if err == nil {
		f.size += info.Size()
	}
	return err
}

// all are the readers of a kind of file; one is that of the only one, nil if there is none.
func (f *releaseFiles) all(key string) (list []io.Reader) {
	for _, file := range f.open[key] {
		var r io.Reader = &countedReader{file, &f.read}
		if strings.HasSuffix(file.Name(), ".gz") {
			r = &unzipped{from: r}
		}
		list = append(list, r)
	}
	return list
}

func (f *releaseFiles) one(key string) io.Reader {
	if list := f.all(key); len(list) > 0 {
		return list[0]
	}
	return nil
}

// watch tells how far reading is, every two seconds until done is called.
func (f *releaseFiles) watch(progress io.Writer) {
	go func() {
		defer close(f.ended)
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-f.stop:
				return
			case <-tick.C:
				fmt.Fprintf(progress, "galen: %.0f of %.0f MB read\n", float64(f.read.Load())/1e6, float64(f.size)/1e6)
			}
		}
	}()
}

func (f *releaseFiles) done() {
	close(f.stop)
	<-f.ended
}

func (f *releaseFiles) close() {
	for _, list := range f.open {
		for _, file := range list {
			file.Close()
		}
	}
}

// unzipped reads what was compressed with gzip.
type unzipped struct {
	from io.Reader
	zip  *gzip.Reader
}

func (u *unzipped) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.from); err != nil {
			return 0, err
		}
	}
	return u.zip.Read(p)
}

// countedReader counts what is read.
type countedReader struct {
	io.Reader
	n *atomic.Int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}
