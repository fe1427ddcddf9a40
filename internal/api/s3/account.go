// SPDX-License-Identifier: Apache-2.0

package s3

import (
	"strings"

	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
)

// owner is whom every bucket belongs to. Whoever has one of galen's keys may use all of them.
const owner = "galen"

// accounts finds the keys of galen for the library, and offers nothing to manage them.
type accounts struct {
	secret func(accessKey string) (string, bool)
}

var _ auth.IAMService = accounts{}

func (a accounts) GetUserAccount(access string) (auth.Account, error) {
	access = strings.Clone(access) // the library's text is good until its request ends
	secret, ok := a.secret(access)
	if !ok {
		return auth.Account{}, auth.ErrNoSuchUser
	}
	return auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin}, nil
}

func (a accounts) ResolveAccounts(keys []string) (missing []string, err error) {
	for _, k := range keys {
		if _, ok := a.secret(k); !ok && k != owner {
			missing = append(missing, k)
		}
	}
	return missing, nil
}

func (accounts) CreateAccount(auth.Account) error { return errNotManaged() }

func (accounts) UpdateUserAccount(string, auth.MutableProps) error { return errNotManaged() }

func (accounts) DeleteUserAccount(string) error { return errNotManaged() }

func (accounts) ListUserAccounts() ([]auth.Account, error) { return nil, errNotManaged() }

func (accounts) Shutdown() error { return nil }

func errNotManaged() error { return s3err.GetAPIError(s3err.ErrAdminMethodNotSupported) }
