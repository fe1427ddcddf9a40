// SPDX-License-Identifier: Apache-2.0

// Package graphql carries out GraphQL queries over FHIR resources.
//
// The language is parsed by a library; what the fields mean is FHIR's: elements of resources, references that are followed, searches
// as lists and connections, filters of lists, and the directives flatten, first, singleton and slice beside include and skip. There are no
// mutations and no introspection.
//
// Where resources come from is the caller's: a Source. All that a query costs is counted against Limits as it is carried out: what is deeper
// or dearer fails with fault.TooCostly.
//
// http://hl7.org/fhir/R4/graphql.html
package graphql
