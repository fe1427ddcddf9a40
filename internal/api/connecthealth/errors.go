// SPDX-License-Identifier: Apache-2.0

package connecthealth

import (
	"net/http"

	"galen/internal/aws/call"
	"galen/internal/aws/restjson"
	"galen/internal/aws/shape"
	"galen/internal/aws/sigv4"
	"galen/internal/fault"
)

// exceptions says what each kind of fault is called here.
var exceptions = map[fault.Kind]string{
	fault.Invalid:         "ValidationException",
	fault.Unprocessable:   "ValidationException",
	fault.NotFound:        "ResourceNotFoundException",
	fault.Gone:            "ResourceNotFoundException",
	fault.Conflict:        "ConflictException",
	fault.Precondition:    "ConflictException",
	fault.Unauthenticated: "AccessDeniedException",
	fault.Forbidden:       "AccessDeniedException",
	fault.Throttled:       "ThrottlingException",
	fault.TooLarge:        "ValidationException",
	fault.TooCostly:       "ServiceQuotaExceededException",
	fault.Unsupported:     "ValidationException",
	fault.Unavailable:     "InternalServerException",
	fault.Internal:        "InternalServerException",
}

func exception(_ *shape.Operation, kind fault.Kind) string { return exceptions[kind] }

// common are the exceptions that operations answer with though their contracts leave them out: several contracts name none.
var common = []string{"AccessDeniedException", "ResourceNotFoundException", "ThrottlingException"}

// WriteError answers a request that did not reach an operation. Who does not say who it is, or whom nobody knows, is denied
// access with the service's own exception, status 401; every other error keeps its name and status.
func WriteError(w http.ResponseWriter, _ *http.Request, status int, code, message string) {
	switch sigv4.Code(code) {
	case sigv4.MissingAuthenticationToken, sigv4.UnrecognizedClient:
		status, code = http.StatusUnauthorized, "AccessDeniedException"
	}
	restjson.WriteError(w, &call.Error{Code: code, Status: status, Message: message})
}
