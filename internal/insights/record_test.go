// SPDX-License-Identifier: Apache-2.0

package insights_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"galen/internal/insights"
)

// now is after all of the sample records.
var now = time.Date(2020, 6, 1, 9, 0, 0, 0, time.UTC)

// shared finds the folder of sample data by walking up to the module's root.
func shared(t testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("the module's root was not found")
		}
		dir = up
	}
	dir = filepath.Join(dir, "..", "shared")
	if _, err := os.Stat(filepath.Join(dir, "data", "synthea-100")); err != nil {
		t.Skip("the sample data (../shared/data/synthea-100) is not here")
	}
	return dir
}

// patient is one patient of the sample data with every resource of their compartment, and all that these may refer to.
type patient struct {
	id        string
	resources [][]byte
}

var (
	once  sync.Once
	cache []patient
)

// patients reads synthea-100.
func patients(t testing.TB) []patient {
	folder := filepath.Join(shared(t), "data", "synthea-100")
	once.Do(func() {
		at := map[string]int{}
		var others [][]byte
		names, err := filepath.Glob(filepath.Join(folder, "*.ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range append([]string{filepath.Join(folder, "Patient.ndjson")}, names...) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(src) {
				var r struct {
					ResourceType, ID string
					Subject, Patient struct{ Reference string }
				}
				if err := json.Unmarshal(line, &r); err != nil {
					t.Fatal(err)
				}
				if r.ResourceType == "Patient" {
					if _, ok := at[r.ID]; !ok {
						at[r.ID] = len(cache)
						cache = append(cache, patient{r.ID, [][]byte{line}})
					}
					continue
				}
				if i, ok := at[strings.TrimPrefix(r.Subject.Reference+r.Patient.Reference, "Patient/")]; ok {
					cache[i].resources = append(cache[i].resources, line)
				} else {
					others = append(others, line)
				}
			}
		}
		for i := range cache {
			cache[i].resources = append(cache[i].resources, others...)
		}
	})
	return cache
}

// input is a request for a patient with a reason.
func (p patient) input(reason string) insights.Input {
	return insights.Input{Request: insights.Request{JobID: "6c2ee070-0000-4000-8000-000000000001", Patient: p.id, Reason: reason, Role: "CLINICIAN",
		Specialty: "PRIMARY_CARE", Now: now}, Resources: p.resources}
}
