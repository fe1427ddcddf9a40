// SPDX-License-Identifier: Apache-2.0

// Package call is what the JSON protocols of AWS share: operations as typed functions over a service model, JSON bodies
// in and out, and errors as exceptions of the model. The packages awsjson and restjson add how a request names its
// operation and where its input stands.
//
// Inputs and outputs are structs whose exported fields have the model's member names (first letter in upper case; a
// json tag overrides): string kinds, bool, integers, floats, time.Time, []byte, slices, maps with string keys, structs,
// and pointers to any of them. The command shape/gen writes such structs. Bind fails if a field is not in the model or
// cannot hold its shape. In JSON a nil pointer, slice or map, a zero time, and an empty string that is not required
// are left out; everything else is written, times as the model has them: epoch seconds with milliseconds, or text. The
// types any and map[string]any take any shape, with the values of the package shape.
//
// Everything here is immutable once made and safe for concurrent use.
package call
