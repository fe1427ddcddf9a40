// SPDX-License-Identifier: Apache-2.0

// Package restjson serves the AWS REST protocol with JSON bodies, version 1: a method and a path name the operation, and
// the input stands in labels of the path, the query, headers and a JSON body.
//
// A Handler is a table of operations over a service model. Paths are matched as they came, still escaped, so that a label
// may hold an escaped '/' (an ARN); a literal segment wins over a label. What goes wrong before an operation's function is
// called is answered here, the error's name in X-Amzn-Errortype, its text as message in the body:
//
//	no such path, operation without a function           UnknownOperationException            404
//	the path with another method                         UnknownOperationException            405
//	malformed JSON, wrong types, too deep                SerializationException               400
//	a body that is not said to be JSON                   UnsupportedMediaTypeException        415
//	constraints not met                                  ValidationException, all of them     400
//	body over the limit                                  RequestEntityTooLargeException       413
//
// An empty body needs no content type and is an empty object. Unknown members and parameters are ignored. An output has
// the status of the model; with 204 it has no body. Inputs and outputs are those of the package call. Times are epoch
// seconds in bodies, ISO 8601 in labels and queries, HTTP dates in headers, unless the model says otherwise.
//
// Not done, because no service here has it, and refused by New: prefixed headers, documents, members of an output outside
// of its body, and bodies that are one member (event streams are served by their own handlers).
//
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
package restjson
