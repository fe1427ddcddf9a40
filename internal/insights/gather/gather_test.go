// SPDX-License-Identifier: Apache-2.0

package gather_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"galen/internal/blob"
	blobfile "galen/internal/blob/file"
	"galen/internal/fault"
	"galen/internal/insights/document"
	"galen/internal/insights/gather"
)

// newGatherer reads from this machine too, and does not wait long.
func newGatherer(t *testing.T, objects blob.Store, change func(*gather.Options)) *gather.Gatherer {
	t.Helper()
	o := gather.Options{Objects: objects, Documents: document.NewReader(document.Options{}), Pause: time.Millisecond,
		Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Timeout: 5 * time.Second}
	if change != nil {
		change(&o)
	}
	return gather.New(o)
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

func bundle(next string, resources ...string) string {
	link := ""
	if next != "" {
		link = `"link":[{"relation":"next","url":"` + next + `"}],`
	}
	var entries []string
	for _, r := range resources {
		entries = append(entries, `{"resource":`+r+`}`)
	}
	return `{"resourceType":"Bundle","type":"searchset",` + link + `"entry":[` + strings.Join(entries, ",") + `]}`
}

const (
	ann       = `{"resourceType":"Patient","id":"ann"}`
	asthma    = `{"resourceType":"Condition","id":"asthma","subject":{"reference":"Patient/ann"}}`
	ofAnother = `{"resourceType":"Condition","id":"other","subject":{"reference":"Patient/bob"}}`
)

func note(id, date, text string) string {
	return fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"status":"current","date":%q,"subject":{"reference":"Patient/ann"},"content":[{"attachment":{`+
		`"contentType":"text/plain","data":%q}}]}`, id, date, base64.StdEncoding.EncodeToString([]byte(text)))
}

func TestEverythingPageByPage(t *testing.T) {
	var s *httptest.Server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer tok" {
			t.Errorf("authorization %q", got)
		}
		switch r.URL.RequestURI() {
		case "/r4/Patient/ann/$everything?_count=500":
			fmt.Fprint(w, bundle(s.URL+"/r4?page=2", ann, asthma, ofAnother, `{"resourceType":"Patient","id":"bob"}`))
		case "/r4?page=2":
			fmt.Fprint(w, bundle("", asthma, note("old", "2020-01-01", "old note"), note("new", "2024-01-01", "new note"),
				`{"resourceType":"DocumentReference","id":"far","status":"current","date":"2022","content":[{"attachment":{"url":"Binary/b"}}]}`,
				`{"resourceType":"DocumentReference","id":"gone","status":"current","date":"2021","content":[{"attachment":{"url":"Binary/none"}}]}`,
				`{"resourceType":"DocumentReference","id":"wrong","status":"entered-in-error","content":[{"attachment":{"data":"eA=="}}]}`))
		case "/r4/Binary/b":
			fmt.Fprintf(w, `{"resourceType":"Binary","contentType":"text/html","data":%q}`, base64.StdEncoding.EncodeToString([]byte("<p>from afar</p>")))
		default:
			http.NotFound(w, r)
		}
	})
	got, err := newGatherer(t, nil, nil).Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: s.URL + "/r4/", Token: "tok"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Resources) != 7 || string(got.Resources[0]) != ann || string(got.Resources[1]) != asthma {
		t.Errorf("%d resources: %s", len(got.Resources), got.Resources)
	}
	var texts []string
	for _, d := range got.Documents {
		texts = append(texts, d.Reference+" "+d.Date+" "+d.Text)
	}
	if want := "DocumentReference/new 2024-01-01 new note|DocumentReference/far 2022 from afar|DocumentReference/old 2020-01-01 old note"; strings.Join(texts, "|") != want {
		t.Errorf("documents %s", strings.Join(texts, "|"))
	}
	if len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "1 of 4 documents") {
		t.Errorf("notes %q", got.Notes)
	}
}

func TestTenDocumentsNewestFirst(t *testing.T) {
	all := []string{ann}
	for i := range 14 {
		all = append(all, note(fmt.Sprint("n", i), fmt.Sprintf("2024-01-%02d", i+1), fmt.Sprint("text ", i)))
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, bundle("", all...)) })
	got, err := newGatherer(t, nil, nil).Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: s.URL})
	if err != nil || len(got.Documents) != 10 || got.Documents[0].Text != "text 13" || len(got.Notes) != 1 || !strings.HasPrefix(got.Notes[0], "4 of 14 ") {
		t.Errorf("%d documents, notes %q, %v", len(got.Documents), got.Notes, err)
	}
}

// A server without $everything is searched type by type.
func TestSearchesWhereEverythingIsNotOffered(t *testing.T) {
	for _, status := range []int{400, 404, 405, 501} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "$everything"):
				w.WriteHeader(status)
			case r.URL.Path == "/Patient/ann":
				fmt.Fprint(w, ann)
			case r.URL.Path == "/Condition" && r.URL.Query().Get("patient") == "Patient/ann":
				fmt.Fprint(w, bundle("", asthma))
			case r.URL.Path == "/MedicationRequest" && r.URL.Query().Has("_include"):
				w.WriteHeader(400)
			case r.URL.Path == "/MedicationRequest":
				fmt.Fprint(w, bundle("", `{"resourceType":"MedicationRequest","id":"m","subject":{"reference":"Patient/ann"}}`))
			case r.URL.Path == "/Goal":
				w.WriteHeader(404)
			default:
				fmt.Fprint(w, bundle(""))
			}
		})
		got, err := newGatherer(t, nil, nil).Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: s.URL})
		if err != nil || len(got.Resources) != 3 || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "searched for Goal.") {
			t.Errorf("status %d: %+v %v", status, got, err)
		}
	}
}

func TestBusyServersAreAskedAgain(t *testing.T) {
	var calls atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch calls.Add(1) {
		case 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
		case 2:
			w.WriteHeader(503)
		case 3:
			panic(http.ErrAbortHandler)
		default:
			fmt.Fprint(w, bundle("", ann))
		}
	})
	got, err := newGatherer(t, nil, nil).Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: s.URL})
	if err != nil || len(got.Resources) != 1 || calls.Load() != 4 {
		t.Errorf("%+v after %d calls: %v", got, calls.Load(), err)
	}
}

// Each bad server fails the gathering with a reason that a person understands and that holds neither address nor token.
func TestBadServers(t *testing.T) {
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("a request reached the other server") })
	var s *httptest.Server
	block := make(chan struct{})
	defer close(block)
	for what, c := range map[string]struct {
		handler http.HandlerFunc
		change  func(*gather.Options)
		kind    fault.Kind
		text    string
	}{
		"401":             {status(401), nil, fault.Forbidden, "401"},
		"403":             {status(403), nil, fault.Forbidden, "403"},
		"no patient":      {status(404), nil, fault.NotFound, "patientId"},
		"another patient": {answer(bundle("", `{"resourceType":"Patient","id":"bob"}`)), nil, fault.NotFound, "patientId"},
		"down":            {status(500), nil, fault.Unavailable, "500"},
		"always busy":     {status(429), nil, fault.Unavailable, "429"},
		"HTML":            {answer("<!DOCTYPE html><p>Sign in"), nil, fault.Unprocessable, "HTML"},
		"half JSON":       {answer(`{"resourceType":"Bundle","entry":[`), nil, fault.Unprocessable, "not FHIR JSON"},
		"empty":           {answer(""), nil, fault.Unprocessable, "empty"},
		"not a Bundle":    {answer(ann), nil, fault.Unprocessable, "Bundle"},
		"a circle":        {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, bundle(s.URL+"/page", ann)) }, nil, fault.Unprocessable, "circle"},
		"an endless chain": {func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, bundle(s.URL+"/page?n="+r.URL.Query().Get("n")+"1", ann, note(fmt.Sprint("x", len(r.URL.RawQuery)), "2020", "t")))
		}, func(o *gather.Options) { o.MaxEntries = 20 }, fault.Unprocessable, "more than 20 resources"},
		"links elsewhere": {func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, bundle(elsewhere.URL+"/page", ann)) }, nil, fault.Unprocessable, "another server"},
		"redirects":       {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, nil, fault.Unprocessable, "redirects"},
		"2 GB": {func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, func(o *gather.Options) { o.MaxAnswer = 1 << 20 }, fault.Unprocessable, "larger than 1 MiB"},
		"2 GB, as it says": {func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "2000000000") }, nil, fault.Unprocessable, "larger than 64 MiB"},
		"slow": {func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-block:
			case <-r.Context().Done():
			}
		}, func(o *gather.Options) { o.Timeout = 20 * time.Millisecond }, fault.Unavailable, "did not answer within"},
		"slow for the whole budget": {func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-block:
			case <-r.Context().Done():
			}
		}, func(o *gather.Options) { o.Budget = 30 * time.Millisecond }, fault.Unavailable, "time that a job has"},
		"private": {answer(bundle("", ann)), func(o *gather.Options) { o.Private = nil }, fault.Forbidden, "private"},
	} {
		t.Run(what, func(t *testing.T) {
			s = serve(t, c.handler)
			_, err := newGatherer(t, nil, c.change).Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: s.URL, Token: "tok-secret"})
			if fault.KindOf(err) != c.kind || err == nil || !strings.Contains(fault.All(err)[0].Text, c.text) {
				t.Fatalf("got %v (%s), want %s with %q", err, fault.KindOf(err), c.kind, c.text)
			}
			for _, secret := range []string{"tok-secret", "ann", s.Listener.Addr().String()} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q shows in %q", secret, err)
				}
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func answer(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

func TestNoNameLeadsToAPrivateAddress(t *testing.T) {
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.1.2.3", "192.168.0.1", "172.20.1.1", "169.254.169.254",
		"[fe80::1]", "[fd00::1]", "0.0.0.0", "100.64.0.1", "[64:ff9b::7f00:1]"} {
		_, err := newGatherer(t, nil, func(o *gather.Options) { o.Private = nil }).Gather(t.Context(), gather.Request{Patient: "ann", Endpoint: "http://" + host + ":1/"})
		if !errors.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for _, bad := range []string{"", "ftp://host/", "http://", "http://user:pass@host/", "https://host/?key=1", "http://host/#x", "http://[bad", "//host/r4"} {
		if err := gather.CheckEndpoint(bad); !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := gather.CheckEndpoint("https://host:8443/fhir/r4/"); err != nil {
		t.Error(err)
	}
}

// put stores objects in a bucket of a store of files.
func put(t *testing.T, objects map[string]string) (blob.Store, func(names ...string) []blob.URI) {
	t.Helper()
	s, err := blobfile.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.CreateBucket(t.Context(), "bucket"); err != nil {
		t.Fatal(err)
	}
	for name, text := range objects {
		w, err := s.Create(t.Context(), blob.URI{Bucket: "bucket", Key: name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	return s, func(names ...string) []blob.URI {
		var uris []blob.URI
		for _, n := range names {
			uris = append(uris, blob.URI{Bucket: "bucket", Key: n})
		}
		return uris
	}
}

func TestSources(t *testing.T) {
	objects, uris := put(t, map[string]string{
		"in/a.ndjson": ann + "\n\n" + asthma + "\n" + ofAnother + "\n",
		"in/b.json": `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:u","resource":` + ann + `},{"resource":` +
			`{"resourceType":"Condition","id":"gout","subject":{"reference":"urn:uuid:u"}}},{"resource":{"resourceType":"Condition","id":"no","subject":{"reference":"urn:uuid:v"}}}]}`,
		"in/note.txt": "Seen for knee pain.",
		"in/ccd.xml":  `<ClinicalDocument><title>Care</title><component><section><title>Plan</title><text>Rest</text></section></component></ClinicalDocument>`,
	})
	got, err := newGatherer(t, objects, nil).Gather(t.Context(), gather.Request{Patient: "ann", Sources: uris("in/a.ndjson", "in/b.json", "in/note.txt", "in/ccd.xml")})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Resources) != 3 || len(got.Documents) != 2 {
		t.Fatalf("%s, %+v", got.Resources, got.Documents)
	}
	if d := got.Documents[0]; d.Name != "note.txt" || d.Reference != "s3://bucket/in/note.txt" || d.Text != "Seen for knee pain." {
		t.Errorf("%+v", d)
	}
	if d := got.Documents[1]; d.Text != "Care\nPlan\nRest" {
		t.Errorf("%+v", d)
	}
}

func TestABadSourceFailsAll(t *testing.T) {
	objects, uris := put(t, map[string]string{"a.ndjson": ann + "\n{not json\n", "x.exe": "MZ\x00\x00", "empty": "", "scan.png": "\x89PNG\r\n\x1a\n", "ok.txt": "x",
		"patient.ndjson": ann})
	for what, c := range map[string]struct {
		sources []blob.URI
		kind    fault.Kind
		text    string
	}{
		"missing":        {uris("ok.txt", "none"), fault.Unprocessable, "s3Sources[1]: there is no such object"},
		"a folder":       {uris("in/"), fault.Unprocessable, "folder"},
		"no such bucket": {[]blob.URI{{Bucket: "nobucket", Key: "x"}}, fault.Unprocessable, "no such bucket"},
		"broken line":    {uris("a.ndjson"), fault.Unprocessable, "line 2 is not FHIR JSON"},
		"unknown kind":   {uris("x.exe"), fault.Unprocessable, "kind that is not read"},
		"empty":          {uris("empty"), fault.Unprocessable, "empty"},
		"no OCR":         {uris("scan.png"), fault.Unprocessable, "pictures are not read"},
		"no patient":     {uris("ok.txt"), fault.NotFound, "patientId"},
	} {
		_, err := newGatherer(t, objects, nil).Gather(t.Context(), gather.Request{Patient: "ann", Sources: c.sources})
		if fault.KindOf(err) != c.kind || err == nil || !strings.Contains(fault.All(err)[0].Text, c.text) {
			t.Errorf("%s: %v (%s), want %s with %q", what, err, fault.KindOf(err), c.kind, c.text)
		}
	}
}

func TestACancelledJobStops(t *testing.T) {
	began := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { close(began); <-r.Context().Done() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := newGatherer(t, nil, nil).Gather(ctx, gather.Request{Patient: "ann", Endpoint: s.URL}); err == nil {
		t.Error("no error")
	}
}
