// SPDX-License-Identifier: Apache-2.0

// Package interaction is the FHIR REST API without HTTP: what read, create, update, search and the others mean.
//
// A Service serves all data stores. Each interaction is a method that takes who asks and which data store, and gives back
// stored bytes; whoever calls (an HTTP route, a Bundle entry, a command, an agent) puts them into its own form. Resources
// are never decoded: bundles are made by appending stored bytes.
//
// Failures are faults: NotFound for what never was, Gone for what was deleted, Precondition for a version that is not the
// current one, Conflict for an idempotency key that was used, Invalid for content that is wrong.
//
// A Service may be used by any number of goroutines.
package interaction
