// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"sync"
	"time"
)

// maxPolls is how often in a second the status of one job that goes on is told.
const maxPolls = 100

// polls counts how often callers ask for the status of jobs. The zero value is ready; any number of goroutines may use it.
//
// https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-status-request
type polls struct {
	mu    sync.Mutex
	since time.Time      // guarded by mu: the beginning of the second that is counted
	count map[string]int // guarded by mu: of each job; no job is added once there are maxPolled
}

const maxPolled = 10_000

// tooMany counts a call at now, and reports whether it is one too many.
func (p *polls) tooMany(job string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == nil || now.Sub(p.since) >= time.Second || now.Before(p.since) {
		p.since, p.count = now, map[string]int{}
	}
	if _, known := p.count[job]; !known && len(p.count) >= maxPolled {
		return false
	}
	p.count[job]++
	return p.count[job] > maxPolls
}
