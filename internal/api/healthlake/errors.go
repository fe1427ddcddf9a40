// SPDX-License-Identifier: Apache-2.0

package healthlake

import (
	"galen/internal/aws/shape"
	"galen/internal/fault"
)

// exceptions says what each kind of fault is called here. What an operation's contract does not have becomes a
// ValidationException (client) or InternalServerException (server).
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
	fault.TooCostly:       "ValidationException",
	fault.Unsupported:     "ValidationException",
	fault.Unavailable:     "InternalServerException",
	fault.Internal:        "InternalServerException",
}

func exception(_ *shape.Operation, kind fault.Kind) string { return exceptions[kind] }
