// SPDX-License-Identifier: Apache-2.0

// Package dial makes connections to addresses that callers name, so that a caller cannot reach what only this machine can:
// loopback, private and link-local networks, and what else is no server of the internet.
package dial

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// ErrPrivate is why a connection to an address that is not public was not made.
var ErrPrivate = errors.New("the address is private")

// Public connects to public addresses and to those in allowed. The check is on the address that a connection is made to, after
// the name was looked up, so that no name leads elsewhere.
func Public(allowed []netip.Prefix) *net.Dialer {
	return &net.Dialer{Timeout: 15 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return ErrPrivate
		}
		ip := to.Addr().Unmap().WithZone("")
		if IsPublic(ip, allowed) {
			return nil
		}
		return ErrPrivate
	}}
}

// special are the addresses beyond those that netip knows which are no servers of the internet.
//
// https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("100::/64"),
}

// IsPublic reports whether Public connects to an address.
func IsPublic(ip netip.Addr, allowed []netip.Prefix) bool {
	holds := func(p netip.Prefix) bool { return p.Contains(ip) }
	return slices.ContainsFunc(allowed, holds) || ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(special, holds)
}
