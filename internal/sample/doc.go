// SPDX-License-Identifier: Apache-2.0

// Package sample makes up a small population: patients with encounters, conditions, observations, drugs, claims and all else
// that the preload of a data store has, in 21 resource types. It is meant for a first look and for tests: the people are
// plausible one by one, their illnesses are not those of a population.
//
// The same seed and number of patients give the same bytes on every machine. Every resource is valid R4, every reference
// resolves, and meta.tag says that it is test data. The package is pure.
package sample
