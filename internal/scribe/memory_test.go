// SPDX-License-Identifier: Apache-2.0

package scribe_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"galen/internal/engine/mem"
	"galen/internal/scribe"
	"galen/internal/scribe/asr/replay"
)

// heap is what is alive.
func heap() uint64 {
	var m runtime.MemStats
	for range 2 { // what finalizers free, the second one sees
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryOfSessions holds what ten sessions of two channels have in memory while they are heard, outside the recogniser, to 50 MiB each. Each has
// heard two and a half minutes: of talk, of which nothing need be kept, or of silence, of which a recogniser's two minutes are.
func TestMemoryOfSessions(t *testing.T) {
	const sessions, seconds, limit = 10, 150, 50 << 20
	for name, script := range map[string][]replay.Turn{"talk": turns(seconds), "silence": nil} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, mem.New(), replay.New(script))
			h.opt.MaxAudio = time.Hour
			h.restart()
			before := heap()
			var clients []*client
			for i := range sessions {
				clients = append(clients, h.connect(request(i), config))
			}
			var talking sync.WaitGroup
			for _, x := range clients {
				talking.Go(func() {
					piece := make([]byte, 2*2*1600)
					for range 10 * seconds {
						if err := x.Audio(t.Context(), piece); err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			talking.Wait()
			each := int64(heap()-before) / sessions
			t.Logf("%.1f MiB a session", float64(each)/(1<<20))
			if each > limit {
				t.Errorf("a session has %d bytes in memory", each)
			}
			for i, x := range clients {
				x.close()
				if s := h.get(request(i).Key); s.Status != scribe.Paused || s.Heard != seconds {
					t.Errorf("session %d: %+v", i, s)
				}
			}
		})
	}
}
