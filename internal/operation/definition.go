// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"strings"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
)

// Definition gives the OperationDefinition of a row of the table by its id. It fails with fault.NotFound if there is none.
//
// http://hl7.org/fhir/R4/operationdefinition.html
func (s *Service) Definition(ctx context.Context, c interaction.Caller, id string) ([]byte, error) {
	if _, err := s.interactions.Open(ctx, c, authz.Capabilities, fhir.Key{}); err != nil {
		return nil, err
	}
	for i := range s.table {
		if o := &s.table[i]; o.ID() == id {
			return o.appendDefinition(nil, c.Base), nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no operation of this id")
}

// ID is the id of the OperationDefinition of the row: unlike that of any other.
func (o *Operation) ID() string {
	if len(o.Types) == 1 {
		return o.Types[0] + "-" + o.Name
	}
	return o.Name
}

// appendDefinition appends the OperationDefinition of the row.
func (o *Operation) appendDefinition(dst []byte, base string) []byte {
	var b strings.Builder
	quote := func(s string) string { return string(fhir.AppendString(nil, s)) }
	flag := func(level Level) string {
		if o.Levels&level != 0 {
			return "true"
		}
		return "false"
	}
	b.WriteString(`{"resourceType":"OperationDefinition","id":` + quote(o.ID()) + `,"url":` + quote(base+"/OperationDefinition/"+o.ID()))
	b.WriteString(`,"name":` + quote(computable(o.ID())) + `,"status":"active","kind":"operation","affectsState":`)
	if o.Changes {
		b.WriteString("true")
	} else {
		b.WriteString("false")
	}
	b.WriteString(`,"code":` + quote(o.Name))
	if o.Definition != "" {
		b.WriteString(`,"base":` + quote(o.Definition))
	}
	types := o.Types
	if types == nil && o.Levels&^OnSystem != 0 {
		types = []string{"Resource"}
	}
	if len(types) > 0 {
		b.WriteString(`,"resource":["` + strings.Join(types, `","`) + `"]`)
	}
	b.WriteString(`,"system":` + flag(OnSystem) + `,"type":` + flag(OnType) + `,"instance":` + flag(OnInstance|OnVersion))
	o.writeParams(&b, quote)
	b.WriteByte('}')
	return append(dst, b.String()...)
}

func (o *Operation) writeParams(b *strings.Builder, quote func(string) string) {
	var params []string
	for _, p := range o.Params {
		most, least := "1", "0"
		if p.Many {
			most = "*"
		}
		if p.Min > 0 {
			least = "1"
		}
		text := `{"name":` + quote(p.Name) + `,"use":"in","min":` + least + `,"max":"` + most + `"`
		switch p.Type {
		case "":
			text += `,"part":[{"name":"value","use":"in","min":0,"max":"*","type":"Element"}]`
		default:
			text += `,"type":` + quote(p.Type)
		}
		params = append(params, text+"}")
	}
	params = append(params, `{"name":"return","use":"out","min":0,"max":"*","type":"Any"}`)
	b.WriteString(`,"parameter":[` + strings.Join(params, ",") + "]")
}

// computable is a name as the definition's invariant wants it: a capital letter, then letters and digits.
func computable(id string) string {
	var b strings.Builder
	for part := range strings.FieldsFuncSeq(id, func(r rune) bool { return r == '-' || r == '.' }) {
		b.WriteString(strings.ToUpper(part[:1]) + part[1:])
	}
	return b.String()
}
