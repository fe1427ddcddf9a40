// SPDX-License-Identifier: Apache-2.0

package gather_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/fault"
	"galen/internal/insights/document"
	"galen/internal/insights/gather"
)

// FuzzAnswer gives a gatherer any answer, over and over: it ends, with a fault or a record of the patient asked for.
func FuzzAnswer(f *testing.F) {
	f.Add(bundle("", ann, asthma, note("n", "2020", "text")))
	f.Add(bundle("next", ann))
	f.Add(ann)
	f.Add(`{"resourceType":"Bundle","entry":[{"fullUrl":"urn:uuid:x","resource":{"resourceType":"Patient","id":"ann"}}]}`)
	var body atomic.Pointer[string]
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, *body.Load()) }))
	defer s.Close()
	g := gather.New(gather.Options{Documents: document.NewReader(document.Options{}), Pause: time.Microsecond, Budget: 5 * time.Second, MaxEntries: 50,
		Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	f.Fuzz(func(t *testing.T, text string) {
		body.Store(&text)
		got, err := g.Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: s.URL})
		if err != nil {
			if fault.KindOf(err) == fault.Internal {
				t.Errorf("%v", err)
			}
			return
		}
		all := ""
		for _, r := range got.Resources {
			all += string(r)
		}
		if !strings.Contains(all, "Patient") || len(got.Resources) > 50 || len(got.Documents) > 10 {
			t.Errorf("%d resources, %d documents: %s", len(got.Resources), len(got.Documents), all)
		}
	})
}
