// SPDX-License-Identifier: Apache-2.0

package api

import "context"

// BaseURL is the scheme and host by which the request of ctx reached the server, without a slash at the end; empty outside of
// a request.
func BaseURL(ctx context.Context) string {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		return ""
	}
	if x.request.TLS != nil {
		return "https://" + x.request.Host
	}
	return "http://" + x.request.Host
}
