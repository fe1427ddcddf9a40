// SPDX-License-Identifier: Apache-2.0

package graphql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/graphql"
)

// shelf is a source of a few resources. Its searches find all of a type, or those with the id that is asked for.
type shelf map[string]string

func (s shelf) Read(_ context.Context, key fhir.Key) ([]byte, error) {
	if body, ok := s[key.String()]; ok {
		return []byte(body), nil
	}
	return nil, fault.New(fault.NotFound, "there is no such resource")
}

func (s shelf) Search(_ context.Context, typ, query string) ([]byte, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	var entries []string
	for _, key := range []string{"Observation/1", "Observation/2", "Patient/a"} {
		if strings.HasPrefix(key, typ+"/") && (q.Get("_id") == "" || strings.HasSuffix(key, "/"+q.Get("_id"))) && (q.Get("patient") == "" || q.Get("patient") == "Patient/a") {
			entries = append(entries, `{"resource":`+s[key]+`,"search":{"mode":"match","score":1}}`)
		}
	}
	return fmt.Appendf(nil, `{"resourceType":"Bundle","type":"searchset","total":%d,"link":[{"relation":"next","url":"http://h/x?page=NEXT"}],"entry":[%s]}`, len(entries), strings.Join(entries, ",")), nil
}

var resources = shelf{
	"Patient/a": `{"resourceType":"Patient","id":"a","active":true,"name":[{"use":"official","family":"Berg","given":["Ann","Maria"]},{"use":"nickname","given":["Annie"]}],` +
		`"managingOrganization":{"reference":"Organization/o"},"generalPractitioner":[{"reference":"Practitioner/none"},{"reference":"#c"}],"contained":[{"resourceType":"Practitioner","id":"c","gender":"male"}]}`,
	"Organization/o": `{"resourceType":"Organization","id":"o","name":"O"}`,
	"Observation/1":  `{"resourceType":"Observation","id":"1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"},"valueQuantity":{"value":1.50,"unit":"kg"}}`,
	"Observation/2":  `{"resourceType":"Observation","id":"2","status":"amended","code":{"text":"y"},"subject":{"reference":"Patient/a"}}`,
}

func TestQueries(t *testing.T) {
	on := fhir.Key{Type: "Patient", ID: "a"}
	for _, c := range []struct {
		name, query, want string
		on                fhir.Key
	}{
		{"elements", `{active name{family given}}`, `{"active":true,"name":[{"family":"Berg","given":["Ann","Maria"]},{"family":null,"given":["Annie"]}]}`, on},
		{"aliases and types", `{type:__typename resourceType n:name(_count:1){given}}`, `{"type":"Patient","resourceType":"Patient","n":[{"given":["Ann","Maria"]}]}`, on},
		{"lists by value, number and FHIRPath", `{a:name(use:official){family} b:name(_offset:1){use} c:name(fhirpath:"given.count() > 1"){use}}`,
			`{"a":[{"family":"Berg"}],"b":[{"use":"nickname"}],"c":[{"use":"official"}]}`, on},
		{"references", `{managingOrganization{reference resource{... on Organization{name} ... on Patient{active}}}}`,
			`{"managingOrganization":{"reference":"Organization/o","resource":{"name":"O"}}}`, on},
		{"references of a type, optional and contained", `{managingOrganization{resource(type:Patient){id}} generalPractitioner{resource(optional:true){... on Practitioner{gender}}}}`,
			`{"managingOrganization":{"resource":null},"generalPractitioner":[{"resource":null},{"resource":{"gender":"male"}}]}`, on},
		{"reverse references", `{ObservationList(_reference:patient){id status}}`, `{"ObservationList":[{"id":"1","status":"final"},{"id":"2","status":"amended"}]}`, on},
		{"a resource, and decimals as they are", `{Observation(id:"1"){valueQuantity{value}}}`, `{"Observation":{"valueQuantity":{"value":1.50}}}`, fhir.Key{}},
		{"a list", `query q($id:String="2"){ObservationList(_id:$id){code{text}}}`, `{"ObservationList":[{"code":{"text":"y"}}]}`, fhir.Key{}},
		{"a connection", `{ObservationConnection(_count:2){count pagesize next previous edges{mode score resource{id}}}}`,
			`{"ObservationConnection":{"count":2,"pagesize":2,"next":"NEXT","previous":null,"edges":[{"mode":"match","score":1,"resource":{"id":"1"}},{"mode":"match","score":1,"resource":{"id":"2"}}]}}`, fhir.Key{}},
		{"flatten", `{name@flatten{family given}}`, `{"family":["Berg"],"given":["Ann","Maria","Annie"]}`, on},
		{"flatten and first", `{name@flatten@first{family given}}`, `{"family":"Berg","given":["Ann","Maria"]}`, on},
		{"singleton", `{name(use:official)@flatten@singleton{family}}`, `{"family":"Berg"}`, on},
		{"slice", `{name@slice(path:"use"){given}}`, `{"name.official":{"given":["Ann","Maria"]},"name.nickname":{"given":["Annie"]}}`, on},
		{"slice by place", `{name@slice(path:"$index"){use}}`, `{"name.0":{"use":"official"},"name.1":{"use":"nickname"}}`, on},
		{"include and skip", `{active@skip(if:true) id@include(if:true)}`, `{"id":"a"}`, on},
		{"fragments", `query{...f} fragment f on Patient{id name{...g}} fragment g on HumanName{use}`, `{"id":"a","name":[{"use":"official"},{"use":"nickname"}]}`, on},
	} {
		got, err := graphql.Do(t.Context(), resources, graphql.Request{Query: c.query, On: c.on}, graphql.Limits{})
		if err != nil || string(got) != `{"data":`+c.want+`}` {
			t.Errorf("%s: %s, %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

func TestRefusals(t *testing.T) {
	on := fhir.Key{Type: "Patient", ID: "a"}
	for _, c := range []struct {
		name, query string
		kind        fault.Kind
	}{
		{"no GraphQL", `{`, fault.Invalid},
		{"an unknown element", `{nothing}`, fault.Invalid},
		{"no selection", `{name}`, fault.Invalid},
		{"a selection of nothing", `{active{x}}`, fault.Invalid},
		{"a mutation", `mutation{PatientCreate{id}}`, fault.Unsupported},
		{"introspection", `{__schema{types{name}}}`, fault.Unsupported},
		{"a reference to nothing", `{generalPractitioner{resource{... on Practitioner{id}}}}`, fault.NotFound},
		{"an unknown directive", `{active@x}`, fault.Invalid},
		{"a variable without value", `query($x:String){name(use:$x){family}}`, fault.Invalid},
		{"a search that is not linked", `{ObservationList{id}}`, fault.Invalid},
		{"more than one for a singleton", `{name@singleton{family}}`, fault.Invalid},
		{"depth", `{managingOrganization` + strings.Repeat("{identifier{assigner", 60) + `{id}` + strings.Repeat("}}", 60) + `}`, fault.TooCostly},
		{"a fragment that spreads itself", `{...f} fragment f on Patient{...f}`, fault.TooCostly},
		{"a bomb of fragments", `{...a} ` + bomb(12), fault.TooCostly},
		{"many tokens", `{` + strings.Repeat("active ", 6000) + `}`, fault.TooCostly},
		{"many searches", `{` + searches(200) + `}`, fault.TooCostly},
	} {
		got, err := graphql.Do(t.Context(), resources, graphql.Request{Query: c.query, On: on}, graphql.Limits{})
		if kind := fault.KindOf(err); err == nil || kind != c.kind && !(c.name == "many tokens" && kind == fault.Invalid) {
			t.Errorf("%s: %s, %s %v, want %s", c.name, got, kind, err, c.kind)
		}
	}
}

// bomb is fragments of which each spreads the next eight times.
func bomb(n int) string {
	var b strings.Builder
	for i := range n {
		next := strings.Repeat(fmt.Sprintf("...%c ", 'a'+i+1), 8)
		if i == n-1 {
			next = "id"
		}
		fmt.Fprintf(&b, "fragment %c on Patient{%s}", 'a'+i, next)
	}
	return b.String()
}

func searches(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d:ObservationList(_reference:patient){id} ", i)
	}
	return b.String()
}

// FuzzDo holds that whatever the query, what comes is JSON or a refusal.
func FuzzDo(f *testing.F) {
	f.Add(`{name{family given} ObservationList(_reference:patient){id}}`)
	f.Add(`query($a:String="x"){name(use:$a)@flatten@first{family}}`)
	f.Add(`{managingOrganization{resource{... on Organization{name}}}} fragment f on X{...f}`)
	f.Fuzz(func(t *testing.T, query string) {
		got, err := graphql.Do(t.Context(), resources, graphql.Request{Query: query, On: fhir.Key{Type: "Patient", ID: "a"}}, graphql.Limits{Fields: 10_000})
		var known *fault.Fault
		if err == nil && !json.Valid(got) || err != nil && !errors.As(err, &known) {
			t.Errorf("%q gives %s, %v", query, got, err)
		}
	})
}
