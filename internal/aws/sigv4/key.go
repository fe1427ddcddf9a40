// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// emptyHash is the SHA-256 of nothing.
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// signingKey derives the key of a scope from a secret.
func signingKey(secret string, s Scope) [sha256.Size]byte {
	key := mac([]byte("AWS4"+secret), []byte(s.Date))
	key = mac(key[:], []byte(s.Region))
	key = mac(key[:], []byte(s.Service))
	return mac(key[:], []byte(terminator))
}

func mac(key, message []byte) (sum [sha256.Size]byte) {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	h.Sum(sum[:0])
	return sum
}

// signature signs the hash of a canonical request.
func signature(key [sha256.Size]byte, date string, s Scope, canonical []byte) [2 * sha256.Size]byte {
	hash := sha256.Sum256(canonical)
	b := make([]byte, 0, 256)
	b = append(append(b, algorithm...), '\n')
	b = append(append(b, date...), '\n')
	b = append(s.text(b), '\n')
	b = hex.AppendEncode(b, hash[:])
	return hexMAC(key, b)
}

func hexMAC(key [sha256.Size]byte, message []byte) (out [2 * sha256.Size]byte) {
	sum := mac(key[:], message)
	hex.Encode(out[:], sum[:])
	return out
}

// keys remembers the signing keys of scopes that have signed something right. It is safe for concurrent use.
type keys struct {
	limit int

	mu sync.RWMutex
	of map[keyID][sha256.Size]byte // guarded by mu
}

type keyID struct {
	scope  Scope
	secret string
}

func (k *keys) get(id keyID) ([sha256.Size]byte, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	key, ok := k.of[id]
	return key, ok
}

// put remembers a key. When there are too many, all are forgotten: scopes change once a day, so that is rare.
func (k *keys) put(id keyID, key [sha256.Size]byte) {
	id.scope = Scope{strings.Clone(id.scope.AccessKey), strings.Clone(id.scope.Date), strings.Clone(id.scope.Region), strings.Clone(id.scope.Service)}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.of) >= k.limit {
		clear(k.of)
	}
	k.of[id] = key
}
