// SPDX-License-Identifier: Apache-2.0

package validate_test

import (
	"strings"
	"testing"

	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/validate"
)

// formats has right and wrong JSON values of each primitive type, as the value of a parameter.
var formats = []struct {
	typ          string
	right, wrong []string
}{
	{"Boolean", []string{`true`, `false`}, []string{`"true"`, `1`, `null`}},
	{"Integer", []string{`0`, `-1`, `2147483647`, `-2147483648`}, []string{`2147483648`, `-2147483649`, `1.0`, `1e2`, `-0`, `"1"`, `99999999999`}},
	{"PositiveInt", []string{`1`, `2147483647`}, []string{`0`, `-1`, `2147483648`, `1.5`}},
	{"UnsignedInt", []string{`0`, `1`}, []string{`-1`, `-0`, `1E0`}},
	{"Decimal", []string{`0`, `-0.0`, `1.50`, `1e-7`, `12345678901234567890.123`}, []string{`"1"`, `1` + strings.Repeat("0", 1001), `true`}},
	{"String", []string{`"x"`, `" x "`, `"\n"`, `"\u00e9"`}, []string{`""`, `1`, `{}`, `"` + strings.Repeat("a", 1<<20+1) + `"`}},
	{"Markdown", []string{`"# x\n\ny"`}, []string{`""`, `true`}},
	{"Code", []string{`"a"`, `"a b"`, `">="`}, []string{`""`, `" a"`, `"a "`, `"a  b"`, `"\ta"`, `1`}},
	{"Id", []string{`"a-1.B"`, `"\u0061"`}, []string{`""`, `"a_b"`, `"` + strings.Repeat("a", 65) + `"`}},
	{"Uri", []string{`"urn:x"`, `"http://x/y|1"`, `"x"`}, []string{`""`, `"a b"`, `"a\nb"`}},
	{"Url", []string{`"http://x"`}, []string{`"http://x y"`}},
	{"Canonical", []string{`"http://x|1"`, `"#a"`}, []string{`"http://x |1"`}},
	{"Oid", []string{`"urn:oid:1.2.3"`, `"urn:oid:2.16.840.1.113883"`, `"urn:oid:0.0"`}, []string{`"1.2.3"`, `"urn:oid:3.1"`, `"urn:oid:1"`, `"urn:oid:1."`, `"urn:oid:1.02"`, `"urn:oid:1.2."`, `"urn:oid:1.a"`, `"urn:oid:12.3"`}},
	{"Uuid", []string{`"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"`}, []string{`"c757873d-ec9a-4326-a141-556f43239520"`, `"urn:uuid:C757873D-EC9A-4326-A141-556F43239520"`, `"urn:uuid:c757873d"`, `"urn:uuid:c757873dxec9a-4326-a141-556f43239520"`}},
	{"Date", []string{`"2020"`, `"2020-02"`, `"2020-02-29"`}, []string{`"2021-02-29"`, `"2020-13"`, `"20"`, `"2020-1-1"`, `"2020-01-01T00:00:00Z"`, `"0000"`}},
	{"DateTime", []string{`"2020"`, `"2020-02-29"`, `"2020-02-29T23:59:59Z"`, `"2020-02-29T23:59:60.123+14:00"`}, []string{`"2020-02-29T23:59"`, `"2020-02-29T23:59:59"`, `"2020-02-29T24:00:00Z"`, `"2020-02-29T23:59:59+14:01"`, `"yesterday"`}},
	{"Instant", []string{`"2020-02-29T23:59:59.1Z"`}, []string{`"2020-02-29"`, `"2020-02-29T23:59:59"`}},
	{"Time", []string{`"00:00:00"`, `"23:59:59.5"`}, []string{`"24:00:00"`, `"10:00"`, `"10:00:00Z"`}},
	{"Base64Binary", []string{`"aGk="`, `"aGVsbG8h"`, `"aGVs\nbG8h"`, `"aA=="`}, []string{`""`, `"aGk"`, `"a==="`, `"aG=k"`, `"aG-_"`, `"=aaa"`, `"    "`}},
}

func TestFormats(t *testing.T) {
	v := validate.New(def.R4())
	check := func(t *testing.T, typ, value string, right bool) {
		t.Helper()
		root := fhirtest.Parse(t, `{"resourceType":"Parameters","parameter":[{"name":"x","value`+typ+`":`+value+`}]}`)
		found := v.Resource(root, validate.Strict)
		if got := len(found) == 0; got != right {
			t.Errorf("%s %.60s: got %v, want right %v", typ, value, short(found), right)
		}
		for _, f := range found {
			if !strings.HasPrefix(f.Expression, "Parameters.parameter[0].value.ofType(") {
				t.Errorf("%s %.60s: got the expression %s", typ, value, f.Expression)
			}
		}
	}
	for _, f := range formats {
		t.Run(f.typ, func(t *testing.T) {
			for _, value := range f.right {
				check(t, f.typ, value, true)
			}
			for _, value := range f.wrong {
				check(t, f.typ, value, false)
			}
		})
	}
}

func TestNarrative(t *testing.T) {
	v := validate.New(def.R4())
	for div, right := range map[string]bool{
		`<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>`: true,
		` <div>x</div>\n`:              true,
		`<div/>`:                       false,
		`<div> <p>\n</p></div>`:        false,
		`<div><img src=\"#a\"/></div>`: true,
		`<div><p style='x' class=\"y\">a &lt; b</p><!-- <script> --></div>`: true,
		`<div>x<script>y</script></div>`:                                    false,
		`<div>x<tr idref=\"y\"></tr></div>`:                                 false,
		`<div><a onclick=\"y\">x</a></div>`:                                 false,
		`<div><a href=\"y>x</a></div>`:                                      false,
		`x`:                                                                 false,
		`<p>x</p>`:                                                          false,
		`<divider>x</div>`:                                                  false,
		`<div>x`:                                                            false,
		`<div><br/>`:                                                        false,
	} {
		root := fhirtest.Parse(t, `{"resourceType":"Patient","text":{"status":"generated","div":"`+div+`"}}`)
		if got := len(v.Resource(root, validate.Strict)) == 0; got != right {
			t.Errorf("%s: got %v, want %v", div, got, right)
		}
	}
}
