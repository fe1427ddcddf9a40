// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/store"
)

// model is what a data store must be: for each position, the newest version of every resource.
type model struct {
	at     []state             // by position; at[0] is empty
	bodies map[string][]string // body of each version by Type/id, "" for a deletion
	times  []time.Time
}

type state struct {
	newest map[string]int // version by Type/id
	next   map[string]int // versions by type
}

func (s state) clone() state { return state{maps.Clone(s.newest), maps.Clone(s.next)} }

var modelTypes = []string{"Observation", "Patient"}

// TestHistoriesAgainstModel commits random groups and compares every view of every position with the model.
func TestHistoriesAgainstModel(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine.Engine) {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 1))
				now := time.UnixMilli(1_600_000_000_000)
				stores := store.New(e, nil, store.Options{Now: func() time.Time { return now }})
				defer stores.Close()
				s, err := stores.Store(uint32(100 + seed))
				if err != nil {
					t.Fatal(err)
				}
				m := &model{at: []state{{map[string]int{}, map[string]int{}}}, bodies: map[string][]string{}, times: []time.Time{{}}}
				for range 60 {
					now = now.Add(time.Duration(r.IntN(3)) * 700 * time.Microsecond)
					m.commit(t, s, r)
				}
				m.check(t, s, r)
			})
		}
	})
}

// commit makes a random group and notes what it must do.
func (m *model) commit(t *testing.T, s *store.Store, r *rand.Rand) {
	t.Helper()
	next := m.at[len(m.at)-1].clone()
	var g store.Group
	g.Bodies = true
	changed := false
	var check []func(store.Result)
	for range 1 + r.IntN(4) {
		typ := modelTypes[r.IntN(2)]
		id := fmt.Sprint("id", r.IntN(5))
		name := typ + "/" + id
		if r.IntN(3) == 0 {
			c, err := s.Delete(typ, id, store.If{})
			if err != nil {
				t.Fatal(err)
			}
			g.Changes = append(g.Changes, c)
			if v := next.newest[name]; v == 0 || m.bodies[name][v-1] == "" {
				check = append(check, func(r store.Result) {
					if r.Changed || r.Err != nil {
						t.Errorf("delete of nothing: %+v", r)
					}
				})
				continue
			}
			m.bodies[name] = append(m.bodies[name], "")
		} else {
			g.Changes = append(g.Changes, change(t, s, store.Put{}, fmt.Sprintf(`{"resourceType":%q,"id":%q,"language":"l%d"}`, typ, id, r.IntN(100))))
			m.bodies[name] = append(m.bodies[name], "?")
		}
		changed = true
		next.newest[name]++
		next.next[typ]++
		version := next.newest[name]
		check = append(check, func(r store.Result) {
			if r.Err != nil || int(r.Version.VersionID) != version {
				t.Errorf("%s: %+v, want version %d", name, r, version)
			}
			m.bodies[name][version-1] = string(r.Version.Body)
		})
	}
	for i, r := range commit(t, s, g) {
		check[i](r)
	}
	if changed {
		m.at = append(m.at, next)
		m.times = append(m.times, view(t, s).Time())
	}
}

// check compares the store with the model at every position.
func (m *model) check(t *testing.T, s *store.Store, r *rand.Rand) {
	t.Helper()
	head := view(t, s)
	if int(head.Seq()) != len(m.at)-1 {
		t.Fatalf("the head is %d, want %d", head.Seq(), len(m.at)-1)
	}
	for seq := range m.at {
		v, err := head.At(t.Context(), uint64(seq))
		if err != nil {
			t.Fatal(err)
		}
		for _, typ := range modelTypes {
			m.checkType(t, v, typ, r)
		}
		for name := range m.bodies {
			m.checkResource(t, v, name)
		}
	}
	if _, err := head.At(t.Context(), uint64(len(m.at))); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a position of the future: %v", err)
	}
}

func (m *model) checkType(t *testing.T, v *record.View, name string, r *rand.Rand) {
	t.Helper()
	want := m.at[v.Seq()]
	if int(v.Next(typeID(name))) != want.next[name] {
		t.Errorf("at %d: next of %s is %d, want %d", v.Seq(), name, v.Next(typeID(name)), want.next[name])
	}
	var wantLive []string
	for key, version := range want.newest {
		if m.bodies[key][version-1] != "" && key[:len(name)] == name {
			wantLive = append(wantLive, m.bodies[key][version-1])
		}
	}
	slices.Sort(wantLive)
	var live []string
	last := -1
	for version, err := range v.Each(t.Context(), typeID(name), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if int(version.Number) <= last {
			t.Errorf("Each gives %d after %d", version.Number, last)
		}
		last = int(version.Number)
		live = append(live, string(version.Body))
	}
	slices.Sort(live)
	count, err := v.Count(t.Context(), typeID(name))
	if err != nil || !slices.Equal(live, wantLive) || count != len(wantLive) {
		t.Errorf("at %d: %s is %q, count %d, %v; want %q", v.Seq(), name, live, count, err, wantLive)
	}
	// Since: the numbers at or after a time are those of the commits at or after it.
	i := r.IntN(len(m.times))
	since := m.times[i].Add(time.Duration(r.IntN(3)-1) * 300 * time.Microsecond)
	first := 0
	for seq := range int(v.Seq()) + 1 {
		if seq > 0 && m.times[seq].Before(since) {
			first = m.at[seq].next[name]
		}
	}
	if got, err := v.Since(t.Context(), typeID(name), since); err != nil || int(got) != first {
		t.Errorf("at %d: since %v is %d, %v; want %d", v.Seq(), since, got, err, first)
	}
}

func (m *model) checkResource(t *testing.T, v *record.View, name string) {
	t.Helper()
	ctx := context.Background()
	typ, id := name[:len(name)-4], name[len(name)-3:]
	versions := m.bodies[name][:m.at[v.Seq()].newest[name]]
	found, err := v.Find(ctx, typeID(typ), "nobody", id)
	if err != nil || found[0].Exists || found[1].Exists != (len(versions) > 0) || int(found[1].Version) != len(versions) {
		t.Fatalf("at %d: %s is found as %+v, %v; want %d versions", v.Seq(), name, found, err, len(versions))
	}
	if len(versions) > 0 && found[1].Deleted != (versions[len(versions)-1] == "") {
		t.Errorf("at %d: %s deleted is %v", v.Seq(), name, found[1].Deleted)
	}
	history, err := v.History(ctx, typeID(typ), id, 0, 1000)
	if err != nil || len(history) != len(versions) {
		t.Fatalf("at %d: history of %s has %d versions, %v; want %d", v.Seq(), name, len(history), err, len(versions))
	}
	for i, h := range history {
		if want := len(versions) - i; int(h.VersionID) != want || string(h.Body) != versions[want-1] || h.Deleted() != (versions[want-1] == "") {
			t.Errorf("at %d: history of %s at %d is %+v", v.Seq(), name, i, h)
		}
		if (h.Previous == record.None) != (h.VersionID == 1) || h.VersionID > 1 && h.Previous != history[i+1].Number {
			t.Errorf("at %d: %s version %d comes after %d", v.Seq(), name, h.VersionID, h.Previous)
		}
	}
	for n := range len(m.bodies[name]) + 2 {
		got, err := v.Version(ctx, typeID(typ), id, uint32(n))
		if n == 0 || n > len(versions) {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("at %d: %s version %d: %v, want %v", v.Seq(), name, n, err, fault.NotFound)
			}
		} else if err != nil || string(got.Body) != versions[n-1] {
			t.Errorf("at %d: %s version %d is %q, %v", v.Seq(), name, n, got.Body, err)
		}
	}
}
