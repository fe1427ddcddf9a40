// SPDX-License-Identifier: Apache-2.0

// Package api is the HTTP edge that all APIs share: one address, authentication, limits, logs.
//
// A Server sends each request to one of its APIs:
//
//	GET /healthz, /readyz, /metrics      answered here, without authentication
//	POST / with X-Amz-Target HealthLake. HealthLake
//	signed for the service s3            S3
//	/datastore/...                       FHIR
//	/subscriptions-websocket             Notify
//	/domain, /domains/..., /tags/..., /medical-scribe-stream...
//	                                     Connect Health
//	POST /                               HealthLake, which answers an unknown operation
//	anything else                        404, in the form of the API that it looks like
//
// What an API's handler may rely on:
//
//	A1  The request is authenticated as the API asks (API.Auth), and IdentityFrom says by whom, unless API.Anonymous
//	    let it pass.
//	A2  With Whole, r.Body is the body in memory, at most API.MaxBody bytes; it has the method Bytes() []byte, which
//	    returns it without copying. It may be kept, and must not be changed.
//	A3  r.URL and r.RequestURI are as they came; no path was cleaned or redirected.
//	A4  The answer has its X-Amzn-Requestid, RequestID returns it, and log lines with the request's context carry it.
//	A5  A panic is logged with its stack and answered with status 500 if nothing was written yet.
//
// The log gets one line a request: method, path, status, bytes, time; never the query or a body, which may hold patient
// data. All handlers run on the goroutine that net/http gave the request.
package api
