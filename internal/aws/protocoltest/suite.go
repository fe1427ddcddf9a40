// SPDX-License-Identifier: Apache-2.0

package protocoltest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"galen/internal/aws/shape"
)

// Group is one service model of a file and the cases that are about it.
type Group struct {
	Metadata json.RawMessage
	Shapes   map[string]json.RawMessage
	Cases    []Case
}

// Case is one case: Params and Serialized of an input, Result and Response of an output, ErrorCode and ErrorMessage of an error.
type Case struct {
	ID    string
	Given struct {
		Name   string
		HTTP   json.RawMessage
		Input  json.RawMessage
		Output json.RawMessage
		Errors []json.RawMessage
	}
	Params     any
	Serialized struct {
		Method  string
		URI     string
		Body    string
		Headers map[string]string
	}
	Result       any
	ErrorCode    string
	ErrorMessage string
	Response     struct {
		StatusCode int `json:"status_code"`
		Headers    map[string]string
		Body       string
	}
}

// Read reads a file of the suite ("input/json_1_0.json"). Without the suite the test is skipped.
func Read(t *testing.T, name string) []Group {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	data, err := os.ReadFile(filepath.Join(dir, "..", "shared", "suites", "aws-protocols", name))
	if err != nil {
		t.Skip("the protocol cases are not beside the repository")
	}
	var groups []Group
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&groups); err != nil {
		t.Fatal(err)
	}
	return groups
}

// Model is the service model of one case of the group: its one operation.
func (g *Group) Model(t *testing.T, c *Case) *shape.Model {
	t.Helper()
	op := map[string]any{}
	for key, given := range map[string]json.RawMessage{"http": c.Given.HTTP, "input": c.Given.Input, "output": c.Given.Output} {
		if given != nil {
			op[key] = given
		}
	}
	if c.Given.Errors != nil {
		op["errors"] = c.Given.Errors
	}
	data, err := json.Marshal(map[string]any{"metadata": g.Metadata, "shapes": g.Shapes, "operations": map[string]any{c.Given.Name: op}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := shape.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
