// SPDX-License-Identifier: Apache-2.0

package catalog

import (
	"slices"
	"time"

	"galen/internal/engine"
	"galen/internal/ordkey"
)

// Rows of this package begin with tenant 0 and 'c', then:
//
//	'n'                     → u32: the last tenant number given
//	'd' id                  → the data store, as JSON
//	'o' account tenant      → id: the data stores of an account in order of creation
//	't' account scope token → the answer a request token stands for, as JSON
//	'D' id                  → the domain, as JSON
//	'E' account time id     → nothing: the domains of an account in order of creation
//	'L' account             → u32: how many domains the account has that are not deleted
//	'S' domain id           → the subscription, as JSON
//	'T' domain time id      → nothing: the subscriptions of a domain in order of creation
//	'M' domain              → u32: how many subscriptions the domain has
//	'g' domain job          → the tags of a job of the domain, as JSON
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

// key makes a key of a kind and texts.
func key(kind byte, texts ...string) []byte {
	k := append(slices.Clone(prefix), kind)
	for _, t := range texts {
		k = ordkey.AppendString(k, t)
	}
	return k
}

func domainKey(id string) []byte               { return key('D', id) }
func domainCountKey(account string) []byte     { return key('L', account) }
func subscriptionKey(domain, id string) []byte { return key('S', domain, id) }
func subscriptionCountKey(domain string) []byte {
	return key('M', domain)
}
func jobTagsKey(domain, job string) []byte { return key('g', domain, job) }

// createdKey orders the things of owner by when they were created.
func createdKey(kind byte, owner string, created time.Time, id string) []byte {
	k := ordkey.AppendUint64(key(kind, owner), uint64(max(0, created.UnixMilli())))
	return ordkey.AppendString(k, id)
}
