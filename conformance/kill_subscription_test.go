// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// subscriber takes notifications of one Subscription, and now and then refuses one it has looked at already, or one it has not.
type subscriber struct {
	t *testing.T

	mu       sync.Mutex
	next     int            // guarded by mu: the number of the event that must come next, repetitions aside
	got      map[string]int // guarded by mu: of each version (id and value) the number of its event
	value    map[string]int // guarded by mu: of each Patient the newest value told
	repeated int            // guarded by mu
	refuses  bool           // guarded by mu: it does so now and then
}

// notified is what the test looks at in a notification.
type notified struct {
	Entry []struct {
		Resource struct {
			ResourceType, ID     string
			MultipleBirthInteger int
			Parameter            []struct {
				Name string
				Part []struct{ Name, ValueString string }
			}
		}
	}
}

func (s *subscriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n notified
	if err := json.NewDecoder(r.Body).Decode(&n); err != nil || len(n.Entry) == 0 {
		w.WriteHeader(http.StatusBadRequest) // the server died while it sent
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	luck := rand.IntN(50)
	if s.refuses && luck == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	at := 1
	for _, p := range n.Entry[0].Resource.Parameter {
		if p.Name != "notification-event" {
			continue
		}
		for _, part := range p.Part {
			if part.Name == "event-number" {
				number, _ := strconv.Atoi(part.ValueString)
				s.take(number, n.Entry[at].Resource.ID, n.Entry[at].Resource.MultipleBirthInteger)
			}
		}
		at++
	}
	if s.refuses && luck == 1 {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

// take notes an event: its number is the next one, or it has come before, and then about the same version.
func (s *subscriber) take(number int, id string, value int) {
	version := id + " " + strconv.Itoa(value)
	switch before, again := s.got[version]; {
	case again && before != number:
		s.t.Errorf("%s is event %d, and was event %d", version, number, before)
	case again:
		s.repeated++
	case number != s.next:
		s.t.Errorf("event %d (%s) comes when %d is the next", number, version, s.next)
	case value <= s.value[id]:
		s.t.Errorf("event %d is about %s, after %d of it", number, version, s.value[id])
	default:
		s.next++
		s.got[version], s.value[id] = number, value
	}
}

func (s *subscriber) events() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

func (s *subscriber) refuse(now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = now
}

// subscribe makes a Subscription to the Patients that a filter takes, and waits until it is active.
func (w *walk) subscribe(id, endpoint, filter string) {
	w.t.Helper()
	const backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
	body := fmt.Appendf(nil, `{"resourceType":"Subscription","id":%q,"status":"requested","reason":"test","criteria":"urn:galen:topic:Patient",
		"_criteria":{"extension":[{"url":"%sfilter-criteria","valueString":%q}]},"channel":{"type":"rest-hook","endpoint":%q,
		"payload":"application/fhir+json","_payload":{"extension":[{"url":"%spayload-content","valueCode":"full-resource"}]}}}`, id, backport, filter, endpoint, backport)
	if status, answer, err := w.fhir(w.t.Context(), http.MethodPut, *w.store, "Subscription/"+id, body); err != nil || status != http.StatusCreated {
		w.t.Fatalf("subscribe: %d %s %v", status, answer, err)
	}
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(poll) {
		_, answer, err := w.fhir(w.t.Context(), http.MethodGet, *w.store, "Subscription/"+id, nil)
		if err == nil && strings.Contains(string(answer), `"status":"active"`) {
			return
		}
		if time.Now().After(late) {
			w.t.Fatalf("the Subscription does not become active: %s, %v", answer, err)
		}
	}
}

// writeSexes makes Patients of either sex, each in some versions, until the server is gone.
func (w *walk) writeSexes(prefix string) {
	for n := 0; ; n++ {
		sex := []string{"female", "male"}[n%2]
		for v := 1; v <= versionsEach; v++ {
			body := fmt.Appendf(nil, `{"resourceType":"Patient","id":"%s-%d","gender":%q,"multipleBirthInteger":%d}`, prefix, n, sex, v)
			if status, answer, err := w.fhir(w.t.Context(), http.MethodPut, *w.store, fmt.Sprintf("Patient/%s-%d", prefix, n), body); err != nil {
				return // killed
			} else if status/100 != 2 {
				w.t.Errorf("a write is refused: %d %s", status, answer)
				return
			}
		}
	}
}

// TestKillDuringNotifications holds that subscribers are told of every version that is stored, each Subscription in the order of the commits,
// whenever the server dies: of those that they take, and of those that they refuse at first.
func TestKillDuringNotifications(t *testing.T) {
	w := newWalk(t, newServer(t, "--subscription-private", "127.0.0.0/8"), "notifications")
	filters := map[string]string{"all": "Patient?gender:missing=false", "women": "Patient?gender=female", "men": "Patient?gender=male"}
	subscribers := map[string]*subscriber{}
	for name, filter := range filters {
		s := &subscriber{t: t, next: 1, got: map[string]int{}, value: map[string]int{}}
		endpoint := httptest.NewServer(s)
		defer endpoint.Close()
		subscribers[name] = s
		w.subscribe(name, endpoint.URL, filter)
		s.refuse(true)
	}
	end, rounds := time.Now().Add(soak(t)), 0
	for ; time.Now().Before(end) && !t.Failed(); rounds++ {
		var writers sync.WaitGroup
		for i := range 4 {
			writers.Go(func() { w.writeSexes(fmt.Sprintf("r%d-w%d", rounds, i)) })
		}
		time.Sleep(time.Duration(50+rand.IntN(700)) * time.Millisecond) // any moment is as good as any other
		w.kill()
		writers.Wait()
		w.start()
	}
	versions := w.versions(*w.store, "Patient")
	want := map[string]int{}
	for id, text := range versions {
		newest, _ := strconv.Atoi(text)
		n, _ := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
		want["all"] += newest
		want[[]string{"women", "men"}[n%2]] += newest
	}
	for name, s := range subscribers {
		s.refuse(false)
		for late := time.Now().Add(90 * time.Second); s.events() < want[name] && !t.Failed(); time.Sleep(poll) {
			if time.Now().After(late) {
				t.Fatalf("%s: %d events have come, want %d", name, s.events(), want[name])
			}
		}
		s.check(name, versions)
		t.Logf("%s: %d events, %d of them again", name, s.events(), s.repeated)
	}
	t.Logf("%d rounds", rounds)
}

// check compares what was told with what is stored: each version of each Patient, and no other.
func (s *subscriber) check(name string, stored map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	told := 0
	for id, text := range stored {
		n, _ := strconv.Atoi(id[strings.LastIndexByte(id, '-')+1:])
		if name != "all" && name != []string{"women", "men"}[n%2] {
			continue
		}
		newest, _ := strconv.Atoi(text)
		for v := 1; v <= newest; v++ {
			if told++; s.got[id+" "+strconv.Itoa(v)] == 0 {
				s.t.Errorf("%s: version %d of Patient/%s is stored, and was not told", name, v, id)
			}
		}
	}
	if told != len(s.got) {
		s.t.Errorf("%s: %d versions are stored, %d were told", name, told, len(s.got))
	}
}
