// SPDX-License-Identifier: Apache-2.0

package authz_test

import (
	"errors"
	"testing"

	"galen/internal/authz"
	"galen/internal/fault"
)

func TestWhoMay(t *testing.T) {
	const mine, other = "111111111111", "222222222222"
	for _, c := range []struct {
		who  authz.Principal
		on   string
		want error
	}{
		{authz.Principal{}, mine, fault.Unauthenticated},
		{authz.Principal{Account: mine}, mine, fault.Unauthenticated},
		{authz.Principal{Kind: authz.Signed, Account: mine}, mine, nil},
		{authz.Principal{Kind: authz.Signed, Account: mine}, other, fault.Forbidden},
		{authz.Principal{Kind: authz.Signed}, "", fault.Forbidden},
		{authz.Principal{Kind: authz.Server}, other, nil},
		{authz.Principal{Kind: 99, Account: mine}, mine, fault.Unauthenticated},
	} {
		if err := c.who.May(authz.Read, authz.Object{Account: c.on, Type: "Patient", ID: "a"}); !errors.Is(err, c.want) {
			t.Errorf("%+v on %s: %v, want %v", c.who, c.on, err, c.want)
		}
	}
}
