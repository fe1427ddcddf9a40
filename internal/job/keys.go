// SPDX-License-Identifier: Apache-2.0

package job

import (
	"galen/internal/engine"
	"galen/internal/ordkey"
)

// Rows of this package begin with tenant 0 and 'j', then:
//
//	'c'                  → u64: the last place given
//	'j' queue id         → the job, as JSON
//	'o' queue place      → id: the jobs of a queue in order of submission
//	'p' place            → queue, id: the jobs that have not ended, of all queues
var prefix = []byte{0, 0, 0, 0, 'j'}

func counterKey() []byte { return append(append([]byte{}, prefix...), 'c') }

func jobKey(queue, id string) []byte {
	k := append(append([]byte{}, prefix...), 'j')
	return ordkey.AppendString(ordkey.AppendString(k, queue), id)
}

func orderKey(queue string, place uint64) []byte {
	k := append(append([]byte{}, prefix...), 'o')
	return ordkey.AppendUint64(ordkey.AppendString(k, queue), place)
}

// orderRange covers the places of queue that are below before; 0 means all.
func orderRange(queue string, before uint64) engine.Range {
	k := ordkey.AppendString(append(append([]byte{}, prefix...), 'o'), queue)
	r := engine.Prefix(k)
	if before > 0 {
		r.Hi = ordkey.AppendUint64(append([]byte{}, k...), before)
	}
	return r
}

func pendingKey(place uint64) []byte {
	return ordkey.AppendUint64(append(append([]byte{}, prefix...), 'p'), place)
}

func pendingRange() engine.Range {
	return engine.Prefix(append(append([]byte{}, prefix...), 'p'))
}
