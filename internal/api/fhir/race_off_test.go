// SPDX-License-Identifier: Apache-2.0

//go:build !race

package fhir_test

// raced: see race_on_test.go.
const raced = false
