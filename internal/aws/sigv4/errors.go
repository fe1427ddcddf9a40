// SPDX-License-Identifier: Apache-2.0

package sigv4

import (
	"galen/internal/fault"
)

// Code is AWS's name for why a request was not authenticated.
type Code string

// The codes that Verify fails with.
const (
	MissingAuthenticationToken Code = "MissingAuthenticationTokenException" // not signed at all
	IncompleteSignature        Code = "IncompleteSignatureException"        // signed, but malformed
	UnrecognizedClient         Code = "UnrecognizedClientException"         // unknown key or wrong token
	InvalidSignature           Code = "InvalidSignatureException"           // does not match, too old, too early
)

// Error says why a request was not authenticated. It is fault.Unauthenticated, and its text is for the caller.
type Error struct {
	Code    Code
	Message string
}

// Error gives the message.
func (e *Error) Error() string { return e.Message }

// Is makes every Error fault.Unauthenticated.
func (e *Error) Is(target error) bool { return target == fault.Unauthenticated }

func fail(code Code, message string) *Error { return &Error{code, message} }

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
