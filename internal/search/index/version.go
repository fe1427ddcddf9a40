// SPDX-License-Identifier: Apache-2.0

package index

import "galen/internal/fhir/def"

// Version is that of the terms which AppendTerms makes of a resource with the definitions of R4. It must grow whenever a change
// makes other terms of any resource: a data store whose terms are of another version is reindexed before it is searched.
//
//	1: the first
//	2: a Range is one value, not its two ends; codes in which case does not count are folded
//	3: the words of narratives, places, and what is contained
const Version = 3

// Definitions are those that the index was made of.
func (x *Index) Definitions() *def.Definitions { return x.defs }
