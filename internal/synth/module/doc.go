// SPDX-License-Identifier: Apache-2.0

// Package module reads clinical modules: state machines, written as JSON, that a made-up person goes through. The format is
// that of Synthea's public Generic Module Framework, so modules written for it run here.
//
// Words. A module is a set of named states, one of them Initial. A state does something to the person or the record, or
// waits; its transition names the state that follows. An attribute is a named value of a person; all modules share them.
// A Set is everything that one run needs: the modules, those they call, and the names of attributes, numbered.
//
// A folder of modules holds name.json for every module that a person starts with at birth, folder/name.json for those
// called by CallSubmodule ("folder/name"), and lookup_tables/name.csv for lookup_table_transition.
//
// Invariants:
//
//	M1: What Load returns runs: every state, transition, submodule and table that is named is there, and each kind is known.
//	M2: An error names the file and the state.
//	M3: A Set does not change; any goroutine may use it.
//
// https://github.com/synthetichealth/synthea/wiki/Generic-Module-Framework
package module
