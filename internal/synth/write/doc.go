// SPDX-License-Identifier: Apache-2.0

// Package write gives a life as FHIR R4: one line of JSON for each resource, with the profiles of US Core 6.1 where one fits,
// and meta.tag saying that it is test data. It also makes the organizations, practitioners and places that care for people.
//
// A World is what all persons of a run share; it does not change. A Writer appends to its own buffer and belongs to one
// goroutine. Ids are made from the run's seed, the person's number, the kind of entry and its index, so nothing is looked up.
package write
