// SPDX-License-Identifier: Apache-2.0

package xml_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/fhirtest"
	"galen/internal/fhir/xml"
)

// exact parses JSON with the text of its numbers.
func exact(t testing.TB, doc []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %s", err, doc)
	}
	return v
}

// encode gives the XML of a JSON document.
func encode(t testing.TB, doc string, opt xml.Encoding) string {
	t.Helper()
	out, err := xml.Encode(nil, fhirtest.Parse(t, doc), opt)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// decode gives the JSON of an XML document without findings.
func decode(t testing.TB, doc string) string {
	t.Helper()
	d, err := xml.Decode([]byte(doc), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Err(); err != nil {
		t.Fatalf("findings: %v", err)
	}
	return string(d.JSON)
}

func TestExamplesComeBackEqual(t *testing.T) {
	count := 0
	for _, lines := range fhirtest.Examples(t) {
		for _, line := range lines {
			count++
			for _, pretty := range []bool{false, true} {
				doc := encode(t, string(line), xml.Encoding{Pretty: pretty})
				d, err := xml.Decode([]byte(doc), fhir.Limits{})
				if err != nil {
					t.Fatalf("%v\n%.2000s", err, doc)
				}
				if err := d.Err(); err != nil {
					t.Errorf("findings: %v in %.100s", err, line)
				}
				if !reflect.DeepEqual(exact(t, d.JSON), exact(t, line)) {
					t.Errorf("not equal:\ngot  %.3000s\nwant %.3000s", d.JSON, line)
				}
			}
		}
	}
	t.Logf("%d examples", count)
}

func TestForm(t *testing.T) {
	const doc = `{"resourceType":"Patient","birthDate":"1970-03","id":"a","extension":[{"id":"x","valueDecimal":1.50,"url":"http://u"}],` +
		`"active":true,"name":[{"given":["A",null,"B & \"C\"\n"],"_given":[null,{"id":"g2","extension":[{"url":"http://v","valueBoolean":false}]},null]}],` +
		`"_birthDate":{"extension":[{"url":"http://w","valueCode":"y"}]},"contained":[{"resourceType":"Organization","id":"o"}]}`
	const want = `<?xml version="1.0" encoding="UTF-8"?><Patient xmlns="http://hl7.org/fhir"><id value="a"/>` +
		`<contained><Organization><id value="o"/></Organization></contained>` +
		`<extension id="x" url="http://u"><valueDecimal value="1.50"/></extension><active value="true"/>` +
		`<name><given value="A"/><given id="g2"><extension url="http://v"><valueBoolean value="false"/></extension></given>` +
		`<given value="B &amp; &quot;C&quot;&#10;"/></name>` +
		`<birthDate value="1970-03"><extension url="http://w"><valueCode value="y"/></extension></birthDate></Patient>`
	got := encode(t, doc, xml.Encoding{})
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if back := decode(t, got); !reflect.DeepEqual(exact(t, []byte(back)), exact(t, []byte(doc))) {
		t.Errorf("back: %s", back)
	}
}

func TestPrettyKeepsNarratives(t *testing.T) {
	const doc = `{"resourceType":"Basic","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a <b>b</b>\r\n</p><!-- c --></div>"},"code":{}}`
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<Basic xmlns="http://hl7.org/fhir">
  <text>
    <status value="generated"/>
    <div xmlns="http://www.w3.org/1999/xhtml"><p>a <b>b</b>&#13;
</p><!-- c --></div>
  </text>
  <code/>
</Basic>
`
	got := encode(t, doc, xml.Encoding{Pretty: true})
	if got != want {
		t.Errorf("got %s", got)
	}
	if back := decode(t, got); back != doc {
		t.Errorf("back: %s", back)
	}
}

func TestNarratives(t *testing.T) {
	const open = `<div xmlns="http://www.w3.org/1999/xhtml">`
	for name, c := range map[string]struct{ xml, want string }{
		"prefix":    {`<Basic xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><text><status value="empty"/><h:div><h:p class="a&quot;b" xml:lang="de">x&amp;y</h:p></h:div></text></Basic>`, open + `<p class="a&quot;b" xml:lang="de">x&amp;y</p></div>`},
		"inherited": {`<f:Basic xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml"><f:text><f:status value="empty"/><div><p/></div></f:text></f:Basic>`, open + `<p/></div>`},
		"as it is":  {`<Basic xmlns="http://hl7.org/fhir"><text><status value="empty"/>` + open + `<p  a='1'>x<br/>&#160;</p></div></text></Basic>`, open + `<p  a='1'>x<br/>&#160;</p></div>`},
	} {
		n := fhirtest.Parse(t, decode(t, c.xml))
		if got := n.Field("text").Field("div").Text(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
	for div, want := range map[string]string{
		open + `a&nbsp;b&lt;</div>`: open + "a\u00a0b&lt;</div>",
		open + `<p></div>`:          open + open[:0] + `&lt;div xmlns="http://www.w3.org/1999/xhtml"&gt;&lt;p&gt;&lt;/div&gt;</div>`,
		`<div>x</div>`:              open + `&lt;div&gt;x&lt;/div&gt;</div>`,
	} {
		doc := `{"resourceType":"Basic","text":{"div":` + string(fhir.AppendString(nil, div)) + `}}`
		if got := encode(t, doc, xml.Encoding{}); !strings.Contains(got, "<text>"+want+"</text>") {
			t.Errorf("%s: got %s, want %s", div, got, want)
		}
	}
}

func TestFindings(t *testing.T) {
	const doc = `<Patient xmlns="http://hl7.org/fhir">
  <active value="yes"/>
  <id value="a" colour="red"/>
  <gender value="male"/>
  <gender value="female"/>
  text
  <flavour><of value="3"/></flavour>
  <name><given/></name>
</Patient>`
	d, err := xml.Decode([]byte(doc), fhir.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	const json = `{"resourceType":"Patient","active":"yes","id":"a","gender":["male","female"],"flavour":{"of":"3"},"name":[{"given":[null]}]}`
	if string(d.JSON) != json {
		t.Errorf("got %s, want %s", d.JSON, json)
	}
	var got []string
	for _, f := range d.Findings {
		got = append(got, f.Expression+" "+string(rune('0'+f.Line)))
	}
	want := []string{"Patient 1", "Patient.id 3", "Patient.id.colour 3", "Patient.gender 5", "Patient.flavour 7", "Patient.name 8", "Patient.name[0].given 8"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := d.Err(); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
	if line, column := d.Position(strings.Index(json, `"3"`)); line != 7 || column != 12 {
		t.Errorf("the place of the 3 is %d:%d", line, column)
	}
}

func TestRefused(t *testing.T) {
	for name, doc := range map[string]string{
		"empty":            "",
		"no xml":           `{"resourceType":"Patient"}`,
		"doctype":          `<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir"><id value="&x;"/></Patient>`,
		"entity":           `<Patient xmlns="http://hl7.org/fhir"><id value="&nbsp;"/></Patient>`,
		"narrative entity": `<Basic xmlns="http://hl7.org/fhir"><text><div xmlns="http://www.w3.org/1999/xhtml">&nbsp;</div></text></Basic>`,
		"name space":       `<Patient xmlns="http://hl7.org/fhir2"/>`,
		"no name space":    `<Patient/>`,
		"not closed":       `<Patient xmlns="http://hl7.org/fhir"><id value="a"/>`,
		"two roots":        `<Patient xmlns="http://hl7.org/fhir"/><Patient xmlns="http://hl7.org/fhir"/>`,
		"text after":       `<Patient xmlns="http://hl7.org/fhir"/>x`,
		"version":          `<?xml version="1.1"?><Patient xmlns="http://hl7.org/fhir"/>`,
		"encoding":         `<?xml version="1.0" encoding="UTF-16"?><Patient xmlns="http://hl7.org/fhir"/>`,
		"not UTF-8":        "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"\xff\"/></Patient>",
		"deep":             `<Patient xmlns="http://hl7.org/fhir">` + strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200) + `</Patient>`,
		"deep narrative":   `<Basic xmlns="http://hl7.org/fhir"><text><div xmlns="http://www.w3.org/1999/xhtml">` + strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200) + `</div></text></Basic>`,
		"many attributes":  `<Patient xmlns="http://hl7.org/fhir"` + strings.Repeat(` a="1"`, 100) + `/>`,
	} {
		_, err := xml.Decode([]byte(doc), fhir.Limits{})
		var syntax *fhir.SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want a syntax error", name, err)
		}
	}
	if _, err := xml.Decode(make([]byte, 100), fhir.Limits{Size: 99}); !errors.Is(err, fault.TooLarge) {
		t.Errorf("too long: got %v", err)
	}
	doc := `{"resourceType":"Patient","` + strings.Repeat("a", 1000) + `":[` + strings.Repeat("1,", 1000) + `1]}`
	if _, err := xml.Encode(nil, fhirtest.Parse(t, doc), xml.Encoding{Size: 10_000}); !errors.Is(err, fault.TooLarge) {
		t.Errorf("too long as XML: got %v", err)
	}
}

func TestEncodings(t *testing.T) {
	const body = `<Patient xmlns="http://hl7.org/fhir"><id value="ä𝄞"/></Patient>`
	wide := func(s string, order binary.AppendByteOrder) string {
		var out []byte
		for _, u := range utf16.Encode([]rune(s)) {
			out = order.AppendUint16(out, u)
		}
		return string(out)
	}
	for name, doc := range map[string]string{
		"UTF-8":               body,
		"UTF-8 declared":      `<?xml version="1.0" encoding="utf-8"?>` + "\r\n" + body,
		"UTF-8 with mark":     "\xef\xbb\xbf" + body,
		"UTF-16 big":          wide("\ufeff"+body, binary.BigEndian),
		"UTF-16 little":       wide("\ufeff"+body, binary.LittleEndian),
		"UTF-16 declared":     wide("\ufeff"+`<?xml version="1.0" encoding="UTF-16"?>`+body, binary.BigEndian),
		"UTF-16 without mark": wide(body, binary.LittleEndian),
	} {
		if got, want := decode(t, doc), `{"resourceType":"Patient","id":"ä𝄞"}`; got != want {
			t.Errorf("%s: got %s", name, got)
		}
	}
}
