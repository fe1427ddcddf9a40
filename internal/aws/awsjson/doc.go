// SPDX-License-Identifier: Apache-2.0

// Package awsjson serves the AWS JSON protocol, version 1.0: POST / with X-Amz-Target, a JSON body in, a JSON body out.
//
// A Handler is a table of operations over a service model. For each request it finds the operation, decodes the body,
// checks it against the model's constraints, calls the operation's function with a typed input and encodes its output.
// What goes wrong before the function is called is answered here:
//
//	no or unknown target, operation without a function   UnknownOperationException            400
//	other method than POST                               UnknownOperationException            404
//	malformed JSON, wrong types, too deep                SerializationException               400
//	constraints not met                                  ValidationException, all of them     400
//	body over the limit                                  RequestEntityTooLargeException       413
//
// Inputs and outputs are those of the package call, times in JSON as epoch seconds.
//
// Whoever serves the request (package api) sets X-Amzn-Requestid; a Handler makes one up if it is not set.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
package awsjson
