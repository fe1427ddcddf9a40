// SPDX-License-Identifier: Apache-2.0

package operation_test

import (
	"context"
	"fmt"
	"testing"

	"galen/internal/engine/lsm"
	"galen/internal/fhir"
	"galen/internal/interaction"
)

// BenchmarkEverything reads the record of a patient of 1,000 resources, among others, in one page.
func BenchmarkEverything(b *testing.B) {
	e, err := lsm.Open(b.TempDir(), lsm.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	s := newScript(b, e)
	types := []string{"Observation", "Condition", "Procedure"}
	put := func(line string, args ...any) {
		if got := s.run(fmt.Sprintf(line, args...)); got[len(got)-2:] != "v1" {
			b.Fatal(got)
		}
	}
	for p := range 3 {
		put(`put Patient/p%d {"generalPractitioner":[{"reference":"Practitioner/d"}]}`, p)
		for i := range 990 {
			typ := types[i%3]
			put(`put %s/%d-%d {%s"code":{"coding":[{"system":"http://loinc.org","code":"8302-2","display":"Body height"}],"text":"Body height"},`+
				`"subject":{"reference":"Patient/p%d"},"encounter":{"reference":"Encounter/e%d-%d"}}`,
				typ, p, i, map[string]string{"Observation": `"status":"final",`, "Procedure": `"status":"completed",`}[typ], p, p, i%10)
		}
		for i := range 8 {
			put(`put Encounter/e%d-%d {"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p%d"}}`, p, i, p)
		}
	}
	put(`put Practitioner/d {"name":[{"family":"D"}]}`)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		reply, err := s.operate.Invoke(context.Background(), s.caller, interaction.Invocation{
			Name: "everything", Key: fhir.Key{Type: "Patient", ID: "p1"}, Method: "GET"})
		if err != nil {
			b.Fatal(err)
		}
		size = len(reply.Body)
	}
	b.ReportMetric(float64(size), "bytes/page")
}
