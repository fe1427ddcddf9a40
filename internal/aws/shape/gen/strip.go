// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// object is a JSON object whose members keep their order.
type object struct {
	names  []string
	values map[string]json.RawMessage
}

func (o *object) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &o.values); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			return err
		}
		o.names = append(o.names, name.(string))
	}
	return nil
}

// facts are the properties of each part of a model that bear on the wire. Everything else, all prose first, is dropped.
var (
	metadataFacts  = []string{"apiVersion", "endpointPrefix", "jsonVersion", "protocol", "protocols", "serviceId", "signatureVersion", "signingName", "targetPrefix", "uid"}
	operationFacts = []string{"http", "endpoint", "input", "output", "errors", "idempotent"}
	shapeFacts     = []string{"type", "required", "members", "member", "key", "value", "enum", "min", "max", "pattern", "union", "sensitive",
		"exception", "fault", "error", "payload", "eventstream", "event", "timestampFormat", "streaming"}
	memberFacts = []string{"shape", "idempotencyToken", "location", "locationName", "hostLabel", "eventpayload", "eventheader", "timestampFormat", "box"}
)

// strip writes the facts of a model: one operation a line, one shape a line, sorted by name.
func strip(data []byte) ([]byte, error) {
	var m struct {
		Metadata   object
		Operations map[string]object
		Shapes     map[string]object
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"metadata": `)
	m.Metadata.write(&b, metadataFacts)
	b.WriteString(",\n \"operations\": {")
	for i, name := range slices.Sorted(maps.Keys(m.Operations)) {
		line(&b, i, name)
		op, err := m.Operations[name].references()
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", name, err)
		}
		op.write(&b, operationFacts)
	}
	b.WriteString("\n },\n \"shapes\": {")
	for i, name := range slices.Sorted(maps.Keys(m.Shapes)) {
		line(&b, i, name)
		s, err := m.Shapes[name].stripMembers()
		if err != nil {
			return nil, fmt.Errorf("shape %s: %w", name, err)
		}
		s.write(&b, shapeFacts)
	}
	b.WriteString("\n }}\n")
	return b.Bytes(), nil
}

func line(b *bytes.Buffer, i int, name string) {
	if i > 0 {
		b.WriteByte(',')
	}
	fmt.Fprintf(b, "\n  %q: ", name)
}

// write gives the members of o that are facts, in o's order. Texts keep their characters: no HTML escapes.
func (o object) write(b *bytes.Buffer, facts []string) {
	b.WriteByte('{')
	first := true
	for _, name := range o.names {
		if !slices.Contains(facts, name) {
			continue
		}
		if !first {
			b.WriteString(", ")
		}
		first = false
		fmt.Fprintf(b, "%q: ", name)
		var v bytes.Buffer
		if json.Compact(&v, o.values[name]) == nil {
			b.Write(v.Bytes())
		}
	}
	b.WriteByte('}')
}

// references writes input, output and errors as plain shape names.
func (o object) references() (object, error) {
	for _, name := range []string{"input", "output"} {
		if v, ok := o.values[name]; ok {
			shape, err := shapeName(v)
			if err != nil {
				return o, err
			}
			o.values[name] = shape
		}
	}
	if v, ok := o.values["errors"]; ok {
		var list []json.RawMessage
		if err := json.Unmarshal(v, &list); err != nil {
			return o, err
		}
		for i := range list {
			shape, err := shapeName(list[i])
			if err != nil {
				return o, err
			}
			list[i] = shape
		}
		short, err := json.Marshal(list)
		if err != nil {
			return o, err
		}
		o.values["errors"] = short
	}
	return o, nil
}

func shapeName(v json.RawMessage) (json.RawMessage, error) {
	var ref struct {
		Shape string `json:"shape"`
	}
	if err := json.Unmarshal(v, &ref); err != nil {
		return nil, err
	}
	return json.Marshal(ref.Shape)
}

// stripMembers keeps the facts of a shape's members, its list element, key and value.
func (o object) stripMembers() (object, error) {
	for _, name := range []string{"member", "key", "value"} {
		if v, ok := o.values[name]; ok {
			var one object
			if err := json.Unmarshal(v, &one); err != nil {
				return o, err
			}
			var b bytes.Buffer
			one.write(&b, memberFacts)
			o.values[name] = b.Bytes()
		}
	}
	v, ok := o.values["members"]
	if !ok {
		return o, nil
	}
	var list object
	if err := json.Unmarshal(v, &list); err != nil {
		return o, err
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range list.names {
		var one object
		if err := json.Unmarshal(list.values[name], &one); err != nil {
			return o, err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", name)
		one.write(&b, memberFacts)
	}
	b.WriteByte('}')
	o.values["members"] = b.Bytes()
	return o, nil
}
