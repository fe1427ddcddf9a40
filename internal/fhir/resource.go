// SPDX-License-Identifier: Apache-2.0

package fhir

// Type is the resourceType of a resource, empty if there is none. It shares the source's memory, as Text does.
func Type(n Node) string { return n.Field("resourceType").Text() }

// ID is the id of a resource, empty if there is none.
func ID(n Node) string { return n.Field("id").Text() }

// VersionID is meta.versionId of a resource, empty if there is none.
func VersionID(n Node) string { return n.Field("meta").Field("versionId").Text() }

// LastUpdated is meta.lastUpdated of a resource as text, empty if there is none.
func LastUpdated(n Node) string { return n.Field("meta").Field("lastUpdated").Text() }

// ValidID reports whether s is an id: 1 to 64 of A-Z a-z 0-9 - and dot.
//
// http://hl7.org/fhir/R4/datatypes.html#id
func ValidID(s string) bool { panic("todo") }

// ValidTypeName reports whether s has the form of a resource type's name: an upper case letter, then 1 to 63 letters.
// Whether there is such a type is for the definitions to say.
func ValidTypeName(s string) bool { panic("todo") }
