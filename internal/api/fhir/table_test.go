// SPDX-License-Identifier: Apache-2.0

package fhir_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "galen/internal/api/fhir"
	"galen/internal/fault"
	"galen/internal/fhir/def"
	"galen/internal/operation"
	"galen/internal/search"
)

var update = flag.Bool("update", false, "write docs/wire/table.md")

// TestTable holds docs/wire/table.md to what is served: routes and operations from their tables, parameters and modifiers
// by asking the parser of searches.
func TestTable(t *testing.T) {
	path := filepath.Join("..", "..", "..", "docs", "wire", "table.md")
	want := table()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what is served: go test ./internal/api/fhir -run TestTable -update", filepath.Base(path))
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("# What the FHIR API serves\n\nMade from the tables that serve requests: `go test ./internal/api/fhir -run TestTable -update`.\n" +
		"Which resource types have which search parameters is in the CapabilityStatement (`GET metadata`).\n\n" +
		"## Interactions\nWhere GET is, HEAD is too. Bodies and answers are JSON or XML.\n\n| path | method | interaction |\n| --- | --- | --- |\n")
	for _, r := range api.Routes() {
		code := string(r.Code)
		if code == "" {
			code = ofSystem[r.Method+" "+r.Path]
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Path, r.Method, code)
	}
	parameters(&b)
	modifiers(&b)
	b.WriteString("\n## Operations\n\n| operation | on | changes | definition |\n| --- | --- | --- | --- |\n")
	for _, o := range operation.Table() {
		fmt.Fprintf(&b, "| `$%s` | %s | %s | %s |\n", o.Name, places(&o), map[bool]string{true: "yes"}[o.Changes], o.Definition)
	}
	return b.String()
}

// ofSystem names the interactions that are not about a type.
var ofSystem = map[string]string{
	"GET /": "search-system", "POST /": "batch, transaction", "GET /_history": "history-system", "GET /metadata": "capabilities",
	"GET /Transaction/[id]": "how a transaction that nobody waits for stands", "DELETE /Transaction/[id]": "take it back",
}

// parameters writes which parameters of R4 a search takes.
func parameters(b *strings.Builder) {
	b.WriteString("\n## Parameters of searches\n\n| parameter | status |\n| --- | --- |\n")
	for _, p := range []string{"_id=a", "_lastUpdated=2020", "_tag=a", "_profile=http://a", "_security=a", "_source=http://a", "createdAt=2020", "_list=a", "_has:Observation:subject:code=a",
		"_filter=active eq true", "_text=a", "_content=a", "_query=a", "_type=Patient", "_sort=birthdate", "_count=1", "_total=accurate", "_total=estimate", "_summary=true", "_elements=name",
		"_include=Patient:organization", "_include:iterate=Patient:organization", "_revinclude=Observation:subject", "_contained=true",
		"_containedType=container", "_score=true", "_explain=true", "_format=json", "_pretty=true"} {
		name, value, _ := strings.Cut(p, "=")
		if strings.HasPrefix(name, "_total") || name == "_contained" {
			name = p
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, offered("Patient", strings.SplitN(p, "=", 2)[0], value))
	}
}

// modifiers writes which modifiers of R4 each type of parameter takes.
func modifiers(b *strings.Builder) {
	b.WriteString("\n## Modifiers\nColumns are R4's types of parameters; yes: offered.\n\n| modifier |")
	examples := []struct{ kind, typ, param, value string }{
		{"number", "RiskAssessment", "probability", "1"}, {"date", "Patient", "birthdate", "2020"}, {"string", "Patient", "family", "a"},
		{"token", "Patient", "identifier", "a"}, {"reference", "Condition", "subject", "Patient/a"}, {"composite", "Observation", "code-value-quantity", "a$1"},
		{"quantity", "Observation", "value-quantity", "1"}, {"uri", "ValueSet", "url", "http://a"},
	}
	for _, e := range examples {
		b.WriteString(" " + e.kind + " |")
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", len(examples)+1) + "\n")
	for _, m := range []string{"", "missing", "exact", "contains", "text", "not", "in", "not-in", "above", "below", "of-type", "identifier", "Patient"} {
		name := "`:" + m + "`"
		switch m {
		case "":
			name = "none"
		case "Patient":
			name = "`:[type]`"
		}
		b.WriteString("| " + name + " |")
		for _, e := range examples {
			if (m == "above" || m == "below") && e.kind == "reference" { // of what is in a hierarchy
				e.typ, e.param, e.value = "Encounter", "location", "Location/a"
			}
			param, value := e.param, e.value
			if m != "" {
				param += ":" + m
			}
			switch m {
			case "missing":
				value = "true"
			case "of-type":
				value = "http://a|b|c"
			case "in", "not-in":
				value = "http://a"
			case "identifier":
				value = "a|b"
			case "Patient":
				value = "a"
			}
			cell := ""
			if offered(e.typ, param, value) == "yes" {
				cell = "yes"
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
}

// offered asks the parser of searches.
func offered(typ, name, value string) string {
	_, err := search.Parse(def.R4(), typ, []search.Pair{{Name: name, Value: value}}, search.Options{DefaultCount: 10, MaxCount: 10, Now: time.Unix(0, 0)})
	var f *fault.Fault
	switch {
	case err == nil:
		return "yes"
	case name == "_type": // a search of one type has none
		_, err := search.ParseTypes(def.R4(), []search.Pair{{Name: name, Value: value}}, search.Options{DefaultCount: 10, MaxCount: 10, Now: time.Unix(0, 0)})
		if err == nil {
			return "yes, in searches of several types"
		}
	case errors.As(err, &f):
		return "no: " + f.Text
	}
	return "no"
}

// places is where an operation can be called.
func places(o *operation.Operation) string {
	var list []string
	types := strings.Join(o.Types, ", ")
	if types == "" {
		types = "any type"
	}
	for _, p := range []struct {
		level operation.Level
		text  string
	}{{operation.OnSystem, "data store"}, {operation.OnType, types}, {operation.OnInstance, types + "/id"}, {operation.OnVersion, types + "/id/_history/vid"}} {
		if o.Levels&p.level != 0 {
			list = append(list, p.text)
		}
	}
	return strings.Join(list, "; ")
}
