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
func ValidID[T Text](s T) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c-'0' > 9 && c|0x20-'a' > 25 && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// ValidTypeName reports whether s has the form of a resource type's name: an upper case letter, then 1 to 63 letters.
// Whether there is such a type is for the definitions to say.
func ValidTypeName[T Text](s T) bool {
	if len(s) < 2 || len(s) > 64 || s[0]-'A' > 25 {
		return false
	}
	for i := range len(s) {
		if s[i]|0x20-'a' > 25 {
			return false
		}
	}
	return true
}
