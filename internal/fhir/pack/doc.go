// SPDX-License-Identifier: Apache-2.0

// Package pack reads FHIR packages: archives (package.tgz) and unpacked folders that carry profiles, value sets and code
// systems, and finds what they carry by canonical URL and version.
//
// Words. A package has a name and a version, written name#version, and depends on others. A Resource is a conformance
// resource of a package as the bytes it came in. A Set is the packages that are in use together.
//
// Invariants:
//
//	K1: Nothing is written where an archive says: its paths only choose what is read, and one that leaves the archive is refused.
//	K2: Reading ends within MaxFiles files, MaxFile bytes of one and MaxTotal of all, however small the archive.
//	K3: A Package and a Set are immutable once made; any goroutine may use them.
//
// The package is pure but for the readers and file systems that it is handed.
//
// https://confluence.hl7.org/display/FHIR/NPM+Package+Specification
package pack
