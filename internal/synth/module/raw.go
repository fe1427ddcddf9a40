// SPDX-License-Identifier: Apache-2.0

package module

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// The raw types are files as they are written.

type rawModule struct {
	Name    string              `json:"name"`
	Remarks json.RawMessage     `json:"remarks"`
	States  map[string]rawState `json:"states"`
}

type rawState struct {
	Type    string            `json:"type"`
	Direct  string            `json:"direct_transition"`
	Chances []rawWay          `json:"distributed_transition"`
	Cases   []rawCase         `json:"conditional_transition"`
	Complex []rawCase         `json:"complex_transition"`
	Table   []rawLookup       `json:"lookup_table_transition"`
	Care    map[string]string `json:"type_of_care_transition"`

	Codes        []Code `json:"codes"`
	Code         *Code  `json:"code"`
	AssignTo     string `json:"assign_to_attribute"`
	ReferencedBy string `json:"referenced_by_attribute"`
	Attribute    string `json:"attribute"`
	Reason       string `json:"reason"`

	Target       string `json:"target_encounter"`
	ConditionOn  string `json:"condition_onset"`
	AllergyOn    string `json:"allergy_onset"`
	MedicationOn string `json:"medication_order"`
	CarePlanOn   string `json:"careplan"`
	DeviceOn     string `json:"device"`

	Allow        *rawCondition    `json:"allow"`
	Exact        *rawExact        `json:"exact"`
	Range        *rawRange        `json:"range"`
	Distribution *rawDistribution `json:"distribution"`
	Duration     *rawRange        `json:"duration"`
	Expression   string           `json:"expression"`
	Unit         string           `json:"unit"`
	Value        json.RawMessage  `json:"value"`
	ValueCode    *Code            `json:"value_code"`
	ValueAttr    string           `json:"value_attribute"`
	Action       string           `json:"action"`
	Step         *float64         `json:"amount"`

	Class         string           `json:"encounter_class"`
	Wellness      bool             `json:"wellness"`
	Disposal      *Code            `json:"discharge_disposition"`
	Category      string           `json:"category"`
	AllergyType   string           `json:"allergy_type"`
	Reactions     []rawReaction    `json:"reactions"`
	Observations  []rawState       `json:"observations"`
	Count         int              `json:"number_of_observations"`
	VitalSign     string           `json:"vital_sign"`
	Prescription  *rawPrescription `json:"prescription"`
	Chronic       bool             `json:"chronic"`
	Administered  bool             `json:"administration"`
	Activities    []Code           `json:"activities"`
	ProcedureCode *Code            `json:"procedure_code"`
	Series        json.RawMessage  `json:"series"`
	Manufacturer  string           `json:"manufacturer"`
	Model         string           `json:"model"`
	Symptom       string           `json:"symptom"`
	Probability   *float64         `json:"probability"`
	Submodule     string           `json:"submodule"`
}

type rawWay struct {
	Distribution json.RawMessage `json:"distribution"`
	Transition   string          `json:"transition"`
}

type rawCase struct {
	Condition     *rawCondition `json:"condition"`
	Transition    string        `json:"transition"`
	Distributions []rawWay      `json:"distributions"`
}

type rawLookup struct {
	Transition string  `json:"transition"`
	Default    float64 `json:"default_probability"`
	Table      string  `json:"lookup_table_name"`
}

type rawCondition struct {
	Type         string         `json:"condition_type"`
	Operator     string         `json:"operator"`
	Quantity     float64        `json:"quantity"`
	Unit         string         `json:"unit"`
	Year         float64        `json:"year"`
	Month        float64        `json:"month"`
	Date         *rawDate       `json:"date"`
	Gender       string         `json:"gender"`
	Race         string         `json:"race"`
	Category     string         `json:"category"`
	Symptom      string         `json:"symptom"`
	VitalSign    string         `json:"vital_sign"`
	Codes        []Code         `json:"codes"`
	ReferencedBy string         `json:"referenced_by_attribute"`
	Attribute    string         `json:"attribute"`
	Value        any            `json:"value"`
	Name         string         `json:"name"`
	Since        string         `json:"since"`
	Within       *rawExact      `json:"within"`
	Minimum      float64        `json:"minimum"`
	Maximum      float64        `json:"maximum"`
	Conditions   []rawCondition `json:"conditions"`
	Condition    *rawCondition  `json:"condition"`
}

type rawDate struct {
	Year   int `json:"year"`
	Month  int `json:"month"`
	Day    int `json:"day"`
	Hour   int `json:"hour"`
	Minute int `json:"minute"`
	Second int `json:"second"`
}

func (d *rawDate) unix() int64 {
	return time.Date(d.Year, time.Month(max(d.Month, 1)), max(d.Day, 1), d.Hour, d.Minute, d.Second, 0, time.UTC).Unix()
}

// rawExact is {"quantity": 3, "unit": "days"}. The quantity may be a text or true, as attributes' values are.
type rawExact struct {
	Quantity float64
	Unit     string
}

func (e *rawExact) UnmarshalJSON(b []byte) error {
	var r struct {
		Quantity any    `json:"quantity"`
		Unit     string `json:"unit"`
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return err
	}
	e.Unit = r.Unit
	switch v := r.Quantity.(type) {
	case float64:
		e.Quantity = v
	default:
		return fmt.Errorf("a quantity is not a number")
	}
	return nil
}

type rawRange struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	Unit string  `json:"unit"`
}

type rawDistribution struct {
	Kind       string             `json:"kind"`
	Round      bool               `json:"round"`
	Parameters map[string]float64 `json:"parameters"`
}

type rawReaction struct {
	Reaction   Code `json:"reaction"`
	Severities []struct {
		Level string  `json:"level"`
		Value float64 `json:"value"`
	} `json:"possible_severities"`
}

type rawPrescription struct {
	AsNeeded bool `json:"as_needed"`
	Refills  int  `json:"refills"`
	Dosage   *struct {
		Amount    float64 `json:"amount"`
		Frequency float64 `json:"frequency"`
		Period    float64 `json:"period"`
		Unit      string  `json:"unit"`
	} `json:"dosage"`
	Duration     *rawExact `json:"duration"`
	Instructions []Code    `json:"instructions"`
}

type rawSeries struct {
	BodySite  Code `json:"body_site"`
	Modality  Code `json:"modality"`
	Instances []struct {
		Title    string `json:"title"`
		SOPClass Code   `json:"sop_class"`
	} `json:"instances"`
}

// decode reads one file.
func decode(b []byte) (*rawModule, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("the file is larger than %d bytes", maxFile)
	}
	var r rawModule
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("it is not JSON of a module: %w", err)
	}
	if len(r.States) == 0 {
		return nil, fmt.Errorf("it has no states")
	}
	if len(r.States) > maxStates {
		return nil, fmt.Errorf("it has more than %d states", maxStates)
	}
	return &r, nil
}
