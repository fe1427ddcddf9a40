// SPDX-License-Identifier: Apache-2.0

// Package healthlake is the control plane as Amazon HealthLake's clients know it: its operations over the catalog of data
// stores and the bulk jobs. It translates: words, ids, ARNs, states, page tokens and errors. It decides nothing else.
//
// https://docs.aws.amazon.com/healthlake/latest/APIReference/
package healthlake

//go:generate go run galen/internal/aws/shape/gen -model ../../aws/shape/model/healthlake.json,../../aws/shape/model/healthlake_overlay.json -package healthlake -types shapes_gen.go
