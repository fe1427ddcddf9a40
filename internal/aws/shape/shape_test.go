// SPDX-License-Identifier: Apache-2.0

package shape_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"galen/internal/aws/shape"
	"galen/internal/aws/shape/model"
)

const small = `{"metadata": {"signingName": "s", "targetPrefix": "S"}, "operations": {"Op": {"input": {"shape": "In"}, "errors": ["Bad"]}}, "shapes": {
  "In": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "Name"}, "Size": {"shape": "Size"}, "Kind": {"shape": "Kind"},
    "Secret": {"shape": "Secret"}, "Tags": {"shape": "Tags"}, "One": {"shape": "One"}, "At": {"shape": "At"}, "Data": {"shape": "Data"},
    "Ratio": {"shape": "Ratio"}, "Flags": {"shape": "Flags"}, "On": {"shape": "On"}, "Next": {"shape": "In"}}},
  "Name": {"type": "string", "min": 1, "max": 4, "pattern": "[a-z]+"},
  "Size": {"type": "integer", "min": 1, "max": 500}, "Kind": {"type": "string", "enum": ["A", "B"]},
  "Secret": {"type": "string", "max": 3, "sensitive": true}, "Tags": {"type": "list", "member": {"shape": "Tag"}, "max": 2},
  "Tag": {"type": "structure", "required": ["Key"], "members": {"Key": {"shape": "Name"}}},
  "One": {"type": "structure", "union": true, "members": {"A": {"shape": "Name"}, "B": {"shape": "Size"}}},
  "At": {"type": "timestamp"}, "Data": {"type": "blob", "max": 3}, "Ratio": {"type": "double", "max": 1}, "On": {"type": "boolean"},
  "Flags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Size"}, "max": 2},
  "Bad": {"type": "structure", "members": {}, "exception": true}}}`

func load(t *testing.T, data string, overlays ...[]byte) *shape.Model {
	t.Helper()
	m, err := shape.Load([]byte(data), overlays...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func decode(t *testing.T, text string) any {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCheckSaysWhatAWSSays(t *testing.T) {
	in := load(t, small).Operations["Op"].Input
	for _, c := range []struct{ input, want string }{
		{`{"Name":"ok","Unknown":1,"Size":null}`, ""},
		{`{}`, "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must not be null"},
		{`{"Name":""}`, "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; " +
			"Value '' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"},
		{`{"Name":"abcde"}`, "1 validation error detected: Value 'abcde' at 'name' failed to satisfy constraint: Member must have length less than or equal to 4"},
		{`{"Name":"ab\n"}`, "1 validation error detected: Value 'ab\n' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"},
		{`{"Name":"a","Size":501}`, "1 validation error detected: Value '501' at 'size' failed to satisfy constraint: Member must have value less than or equal to 500"},
		{`{"Name":"a","Size":0}`, "1 validation error detected: Value '0' at 'size' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{`{"Name":"a","Kind":"C"}`, "1 validation error detected: Value 'C' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [A, B]"},
		{`{"Name":"a","Secret":"password"}`, "1 validation error detected: Value at 'secret' failed to satisfy constraint: Member must have length less than or equal to 3"},
		{`{"Name":"a","Tags":[{}]}`, "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must not be null"},
		{`{"Name":"a","Tags":[{"Key":"a"},null]}`, "1 validation error detected: Value at 'tags.2.member' failed to satisfy constraint: Member must not be null"},
		{`{"Name":"a","Tags":[{"Key":"a"},{"Key":"b"},{"Key":"c"}]}`, "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 2"},
		{`{"Name":"a","One":{}}`, "1 validation error detected: Value at 'one' failed to satisfy constraint: Member must have exactly one member of the union set"},
		{`{"Name":"a","One":{"A":"a","B":1}}`, "1 validation error detected: Value at 'one' failed to satisfy constraint: Member must have exactly one member of the union set"},
		{`{"Name":"a","One":{"__type":"x","A":"a","B":null}}`, ""},
		{`{"Name":"a","Ratio":"NaN"}`, "1 validation error detected: Value 'NaN' at 'ratio' failed to satisfy constraint: Member must have value less than or equal to 1"},
		{`{"Name":"a","Flags":{"A":1}}`, "1 validation error detected: Value at 'flags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-z]+]"},
		{`{"Name":"a","Flags":{"a":0}}`, "1 validation error detected: Value '0' at 'flags.a.member' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{`{"Name":"a","Data":"AAAAAA=="}`, "1 validation error detected: Value at 'data' failed to satisfy constraint: Member must have length less than or equal to 3"},
		{`{"Name":"a","Next":{"Name":"B"}}`, "1 validation error detected: Value 'B' at 'next.name' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+"},
	} {
		v, err := in.Read(decode(t, c.input))
		if err != nil {
			t.Errorf("%s: %v", c.input, err)
			continue
		}
		got := ""
		if bad := in.Check(v); len(bad) > 0 {
			got = bad.Error()
		}
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.input, got, c.want)
		}
	}
}

func TestReadRefusesWrongTypes(t *testing.T) {
	in := load(t, small).Operations["Op"].Input
	for _, c := range []struct{ input, path, want string }{
		{`[]`, "", "Unexpected token (START_ARRAY), expected a structure"},
		{`{"Name":1}`, "name", "NUMBER_VALUE can not be converted to a String"},
		{`{"Name":{}}`, "name", "Start of structure or map found where not expected."},
		{`{"Name":[]}`, "name", "Start of list found where not expected"},
		{`{"Size":"1"}`, "size", "STRING_VALUE can not be converted to an Integer"},
		{`{"Size":1.5}`, "size", "NUMBER_VALUE can not be converted to an Integer"},
		{`{"Size":2147483648}`, "size", "NUMBER_VALUE can not be converted to an Integer"},
		{`{"At":"2020-01-01"}`, "at", "STRING_VALUE can not be converted to a Date"},
		{`{"At":1e300}`, "at", "NUMBER_VALUE can not be converted to a Date"},
		{`{"On":"true"}`, "on", "STRING_VALUE can not be converted to a Boolean"},
		{`{"Tags":{}}`, "tags", "Unexpected token (START_OBJECT), expected a list"},
		{`{"Tags":[1]}`, "tags.1.member", "Unexpected token (NUMBER_VALUE), expected a structure"},
		{`{"Flags":true}`, "flags", "Unexpected token (TRUE_VALUE), expected a map"},
		{`{"Data":"*"}`, "data", "Invalid base64 in a blob"},
	} {
		_, err := in.Read(decode(t, c.input))
		var got *shape.TypeError
		if !errors.As(err, &got) || got.Text != c.want || got.Path != c.path {
			t.Errorf("%s: got %+v, want %q at %q", c.input, err, c.want, c.path)
		}
	}
}

func TestReadGivesTypedValues(t *testing.T) {
	in := load(t, small).Operations["Op"].Input
	got, err := in.Read(decode(t, `{"Size":5e0,"At":1609175692.715,"Data":"Zm9v","Ratio":0.5,"On":true,"Tags":[{"Key":"a"}],"Other":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Size": int64(5), "At": time.UnixMilli(1609175692715).UTC(), "Data": []byte("foo"), "Ratio": 0.5, "On": true,
		"Tags": []any{map[string]any{"Key": "a"}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestOverlayAddsAndReplaces(t *testing.T) {
	m := load(t, small, []byte(`{"operations": {"Two": {"output": "Name"}}, "shapes": {
		"Kind": {"type": "string", "enum": ["C"]}, "In": {"type": "structure", "members": {"More": {"shape": "Name"}}}, "Name": {"type": "string", "max": 9}}}`))
	if got, want := m.Shapes["Kind"].Enum, []string{"A", "B", "C"}; !reflect.DeepEqual(got, want) {
		t.Errorf("enum = %v, want %v", got, want)
	}
	if _, ok := m.Shapes["In"].Member("More"); !ok || m.Operations["Two"] == nil || m.Operations["Op"] == nil {
		t.Error("a member or an operation is missing")
	}
	if got := *m.Shapes["Name"].Max; got != 9 {
		t.Errorf("max = %d, want 9", got)
	}
}

func TestLoadRefusesBrokenModels(t *testing.T) {
	for _, data := range []string{
		`{`,
		`{"shapes": {"A": {"type": "structure", "members": {"B": {"shape": "B"}}}}}`,
		`{"shapes": {"A": {"type": "structure", "required": ["B"], "members": {}}}}`,
		`{"shapes": {"A": {"type": "string", "pattern": "(?=x)"}}}`,
		`{"shapes": {"A": {"type": "string", "pattern": "[a-z&&[b]]"}}}`,
		`{"shapes": {"A": {"type": "set"}}}`,
		`{"operations": {"O": {"input": "A"}}}`,
	} {
		if _, err := shape.Load([]byte(data)); err == nil {
			t.Errorf("%s: no error", data)
		}
	}
}

func TestPatternsMeanWhatJavaMeans(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{`[\P{M}\p{M}]{1,5000}`, strings.Repeat("é", 5000), true},
		{`[\P{M}\p{M}]{1,5000}`, strings.Repeat("e", 5001), false},
		{`[\P{M}\p{M}]{1,5000}`, "", false},
		{`\p{ASCII}{0,8192}`, strings.Repeat("~", 8192), true},
		{`\p{ASCII}{0,8192}`, "é", false},
		{`\p{ASCII}{0,8192}`, strings.Repeat("~", 8193), false},
		{`^[\p{ASCII}]+$`, "a\x7f", true},
		{`^([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)$`, "Zoë 1_.:/=+-%@", true},
		{`^([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)$`, "a\n", false},
		{`^([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)$`, "a#", false},
		{`[a-zA-Z0-9-_]+`, "a-_9", true},
		{`a.b`, "a\u2028b", false},
		{`a.b`, "a.b", true},
		{`a\.b`, "axb", false},
		{`[\s\S]*`, "a\n\x0b b\x00", true},
		{`\s`, "\x0b", true},
		{`\S`, "\x0b", false},
		{`\u0041+`, "AA", true},
		{`a|b`, "ab", false},
		{`[^\p{Alnum}]`, "-", true},
		{`datastore\/fhir\/.{32}`, "datastore/fhir/" + strings.Repeat("0", 32), true},
	} {
		data, err := json.Marshal(map[string]any{"shapes": map[string]any{"A": map[string]any{"type": "string", "pattern": c.pattern}}})
		if err != nil {
			t.Fatal(err)
		}
		s := load(t, string(data)).Shapes["A"]
		if got := len(s.Check(c.value)) == 0; got != c.want {
			t.Errorf("%s on %.40q = %v, want %v", c.pattern, c.value, got, c.want)
		}
	}
}

func TestLongInputsMakeShortMessages(t *testing.T) {
	in := load(t, small).Operations["Op"].Input
	v := map[string]any{"Name": strings.Repeat("é", 100_000), "Tags": make([]any, 100_000)}
	bad := in.Check(v)
	if got := len(bad); got != 100 {
		t.Errorf("%d violations listed, want 100", got)
	}
	if got := len(bad.Error()); got > 20_000 {
		t.Errorf("the message has %d bytes", got)
	}
}

func TestHealthLakeModel(t *testing.T) {
	m, err := model.HealthLake()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(m.Operations); got != 14 {
		t.Errorf("%d operations, want 14", got)
	}
	if m.Service != "healthlake" || m.TargetPrefix != "HealthLake" {
		t.Errorf("service %q, target prefix %q", m.Service, m.TargetPrefix)
	}
	update := m.Operations["UpdateFHIRDatastore"]
	for _, name := range []string{"DatastoreId", "DatastoreName", "AnalyticsConfiguration", "NlpConfiguration", "ProfileConfiguration", "IdentityProviderConfiguration"} {
		if _, ok := update.Input.Member(name); !ok {
			t.Errorf("UpdateFHIRDatastore lacks %s", name)
		}
	}
	if !update.Allows("ConflictException") || m.Operations["TagResource"].Allows("ConflictException") {
		t.Error("the contracts' exceptions are wrong")
	}
	if got := m.Shapes["InternalServerException"].Status; got != 500 {
		t.Errorf("status of InternalServerException = %d", got)
	}
}

func TestConnectHealthModel(t *testing.T) {
	m, err := model.ConnectHealth()
	if err != nil {
		t.Fatal(err)
	}
	if got := len(m.Operations); got != 23 {
		t.Errorf("%d operations, want 23", got)
	}
	create := m.Operations["CreateDomain"]
	if want := (shape.HTTP{Method: "POST", URI: "/domain", Status: 201}); create.HTTP != want {
		t.Errorf("CreateDomain is at %+v, want %+v", create.HTTP, want)
	}
	keys, _ := m.Operations["UntagResource"].Input.Member("tagKeys")
	if keys.Place != shape.Query || keys.Wire != "tagKeys" {
		t.Errorf("tagKeys is in %q as %q", keys.Place, keys.Wire)
	}
	made, _ := m.Operations["StartPatientInsightsJob"].Output.Member("creationTime")
	if made.Shape.Time != shape.DateTime {
		t.Errorf("creationTime is written as %q", made.Shape.Time)
	}
	for name, want := range map[string]int{"AccessDeniedException": 401, "ServiceQuotaExceededException": 402, "ConflictException": 409} {
		if got := m.Shapes[name].Status; got != want {
			t.Errorf("status of %s = %d, want %d", name, got, want)
		}
	}
}

// shared finds a file of the documents that lie beside the repository.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, e := os.Stat(filepath.Join(dir, "go.mod")); e == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: the contract cannot be compared", name)
	}
	return path
}

func TestEmbeddedModelIsTheContract(t *testing.T) {
	want, err := os.ReadFile(shared(t, "contracts/healthlake.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("model/healthlake.json")
	if err != nil {
		t.Fatal(err)
	}
	a, b := decode(t, string(want)).(map[string]any), decode(t, string(got)).(map[string]any)
	for _, part := range []string{"operations", "shapes"} {
		if !reflect.DeepEqual(a[part], b[part]) {
			t.Errorf("%s differ", part)
		}
	}
}

func TestOtherContractsLoad(t *testing.T) {
	data, err := os.ReadFile(shared(t, "contracts/connecthealth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shape.Load(data); err != nil {
		t.Error(err)
	}
}

func FuzzReadAndCheck(f *testing.F) {
	m, err := model.HealthLake()
	if err != nil {
		f.Fatal(err)
	}
	f.Add("CreateFHIRDatastore", []byte(`{"DatastoreTypeVersion":"R4","Tags":[{"Key":"a","Value":"b"}]}`))
	f.Add("StartFHIRImportJob", []byte(`{"InputDataConfig":{"S3Uri":"s3://abc/d"},"JobOutputDataConfig":{"S3Configuration":{"S3Uri":"s3://abc/d","KmsKeyId":"k"}},"DatastoreId":"x"}`))
	f.Add("ListFHIRImportJobs", []byte(`{"MaxResults":1e2,"SubmittedAfter":1.5}`))
	f.Fuzz(func(t *testing.T, op string, data []byte) {
		o := m.Operations[op]
		if o == nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.UseNumber()
		var v any
		if dec.Decode(&v) != nil {
			return
		}
		typed, err := o.Input.Read(v)
		if err != nil {
			return
		}
		if bad := o.Input.Check(typed); len(bad) > 0 && !strings.Contains(bad.Error(), "failed to satisfy constraint: ") {
			t.Errorf("message %q", bad.Error())
		}
	})
}
