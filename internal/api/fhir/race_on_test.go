// SPDX-License-Identifier: Apache-2.0

//go:build race

package fhir_test

// raced: the race detector throws away a part of what pools keep, so that what is allocated says nothing.
const raced = true
