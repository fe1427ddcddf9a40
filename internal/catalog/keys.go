// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"

	"galen/internal/engine"
	"galen/internal/ordkey"
)

// Rows of this package begin with tenant 0 and 'c', then:
//
//	'n'                     → u32: the last tenant number given
//	'd' id                  → the data store, as JSON
//	'o' account tenant      → id: the data stores of an account in order of creation
//	't' account scope token → the answer a request token stands for, as JSON
var prefix = []byte{0, 0, 0, 0, 'c'}

func tenantKey() []byte { return append(slices.Clone(prefix), 'n') }

func dataStoreKey(id string) []byte {
	return ordkey.AppendString(append(slices.Clone(prefix), 'd'), id)
}

func orderKey(account string, tenant uint32) []byte {
	k := ordkey.AppendString(append(slices.Clone(prefix), 'o'), account)
	return ordkey.AppendUint32(k, tenant)
}

// orderRange covers the data stores of account after tenant number after.
func orderRange(account string, after uint32) engine.Range {
	all := engine.Prefix(ordkey.AppendString(append(slices.Clone(prefix), 'o'), account))
	all.Lo = orderKey(account, after+1)
	return all
}

func tokenKey(account, scope, token string) []byte {
	k := append(slices.Clone(prefix), 't')
	k = ordkey.AppendString(k, account)
	k = ordkey.AppendString(k, scope)
	return ordkey.AppendString(k, token)
}

func tokenRange() engine.Range { return engine.Prefix(append(slices.Clone(prefix), 't')) }
