// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"galen/internal/fault"
)

// defaultPage is how many items a list answers with if MaxResults is not given.
const defaultPage = 100

func pageSize(max *int32) int {
	if max == nil {
		return defaultPage
	}
	return int(*max)
}

// nextToken makes the token of the page that goes on at cursor. It is bound to the caller's account and query: the request
// without its token and page size. A cursor of 0 is no token.
func nextToken(cursor uint64, account string, query any) string {
	if cursor == 0 {
		return ""
	}
	b := binary.BigEndian.AppendUint64(nil, cursor)
	return base64.RawURLEncoding.EncodeToString(append(b, fingerprint(account, query)...))
}

// cursor reads a token made by nextToken for the same account and query; 0 if there is none.
func cursor(token, account string, query any) (uint64, error) {
	if token == "" {
		return 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) != 8+16 || string(b[8:]) != string(fingerprint(account, query)) {
		return 0, fault.New(fault.Invalid, "The NextToken is not one of this list and these filters.")
	}
	return binary.BigEndian.Uint64(b), nil
}

func fingerprint(account string, query any) []byte {
	text, err := json.Marshal([]any{account, query})
	if err != nil { // requests hold nothing that JSON cannot
		panic("healthlake: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return sum[:16]
}
