// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"galen/internal/fault"
)

// defaultPage is how many items a list answers with if maxResults is not given.
const defaultPage = 100

func pageSize(max *int32) int {
	if max == nil {
		return defaultPage
	}
	return int(*max)
}

// nextToken makes the token of the page that goes on behind cursor, bound to query: whose list it is, and its filters. An
// empty cursor is no token.
func nextToken(cursor string, query []any) string {
	if cursor == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(fingerprint(query), cursor...))
}

// cursor reads a token made by nextToken for the same query; empty if there is none.
func cursor(token string, query []any) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) <= fingerprintBytes || string(b[:fingerprintBytes]) != string(fingerprint(query)) {
		return "", fault.New(fault.Invalid, "The nextToken is not one of this list and these filters.")
	}
	return string(b[fingerprintBytes:]), nil
}

const fingerprintBytes = 16

func fingerprint(query []any) []byte {
	text, err := json.Marshal(query)
	if err != nil { // queries are texts
		panic("connecthealth: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return sum[:fingerprintBytes]
}
