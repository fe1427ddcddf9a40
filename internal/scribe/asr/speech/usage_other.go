// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package speech

import "time"

// ChildrenCPU is what the processes used that this one started and that have ended; here the system does not say.
func ChildrenCPU() time.Duration { return 0 }

func childrenMemory() int64 { return 0 }
