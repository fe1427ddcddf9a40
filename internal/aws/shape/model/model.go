// SPDX-License-Identifier: Apache-2.0

// Package model embeds the service models that galen answers for.
//
// SERVICE.json is generated from botocore's model of the service (see the command shape/gen); SERVICE_overlay.json is
// written by hand and holds what is newer than it or known from elsewhere.
package model

import (
	_ "embed"

	"galen/internal/aws/shape"
)

//go:generate go run galen/internal/aws/shape/gen -model $BOTOCORE/data/healthlake/2017-07-01/service-2.json.gz -out healthlake.json

//go:embed healthlake.json
var healthlake []byte

//go:embed healthlake_overlay.json
var healthlakeOverlay []byte

// HealthLake loads the model of Amazon HealthLake: the 13 operations of botocore 1.43.11 and UpdateFHIRDatastore with
// the analytics, NLP and profile configurations. It parses on each call, a few milliseconds: call it once at start. It
// fails only if the embedded files are broken.
func HealthLake() (*shape.Model, error) { return shape.Load(healthlake, healthlakeOverlay) }

//go:generate go run galen/internal/aws/shape/gen -model $BOTOCORE/data/connecthealth/2025-01-29/service-2.json.gz -out connecthealth.json

//go:embed connecthealth.json
var connectHealth []byte

// ConnectHealth loads the model of Amazon Connect Health: the 23 operations of botocore 1.44.5. It parses on each call:
// call it once at start. It fails only if the embedded file is broken.
func ConnectHealth() (*shape.Model, error) { return shape.Load(connectHealth) }
