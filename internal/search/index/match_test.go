// SPDX-License-Identifier: Apache-2.0

package index_test

import (
	"slices"
	"strings"
	"testing"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/fhirtest"
	"galen/internal/search/index"
)

const ann = `{"resourceType":"Patient","id":"ann","meta":{"lastUpdated":"2024-05-06T07:08:09.123Z","profile":["http://p/a|2.0"],"source":"http://s/1/2",
"tag":[{"system":"urn:t","code":"x"}],"security":[{"code":"R"}]},
"contained":[{"resourceType":"Practitioner","id":"c"}],
"identifier":[{"type":{"coding":[{"system":"http://v2","code":"MR"}],"text":"Medical Record"},"system":"urn:mrn","value":"17"},{"value":"free"}],
"active":true,"name":[{"family":"Ågren-Østby","given":["Ann  Maria","Mary"],"text":"Dr. Ann"}],
"telecom":[{"system":"phone","value":"555"},{"system":"email","value":"a@b"}],
"gender":"female","birthDate":"1970-03","deceasedDateTime":"2020-02-29T23:30:00-02:00",
"address":[{"line":["1 Main St"],"city":"Straße","postalCode":"02139","country":"US"}],
"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"en","display":"English (US)"}],"text":"plain english"}}],
"generalPractitioner":[{"reference":"Practitioner/1/_history/3"},{"reference":"#c"},{"reference":"http://far/fhir/Practitioner/9"},
{"reference":"urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11","type":"Organization"},{"type":"Organization","identifier":{"system":"urn:org","value":"7"}}],
"link":[{"other":{"reference":"Patient/bob"}}]}`

const pressure = `{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},
"subject":{"reference":"Patient/ann"},"effectivePeriod":{"start":"2012-03-10","end":"2012-05"},
"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":107.0,"unit":"mmHg","system":"http://unitsofmeasure.org","code":"mm[Hg]"}},
{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":60,"unit":"mmHg"}}]}`

const glucose = `{"resourceType":"Observation","id":"g","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"15074-8","display":"Glucose [Moles/volume]"}],"text":"Sugar"},
"subject":{"reference":"Group/all"},"effectiveDateTime":"2013-04-02T09:30:10+01:00","valueQuantity":{"value":6.30,"unit":"mmol/l","system":"http://unitsofmeasure.org","code":"mmol/L"}}`

const condition = `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/ann"},"onsetRange":{"low":{"value":10,"unit":"a"},"high":{"value":20,"unit":"a"}},
"abatementPeriod":{"start":"2019-06-01"},"recordedDate":"2018"}`

const openRange = `{"resourceType":"Condition","id":"o","subject":{"reference":"Patient/ann"},"onsetRange":{"low":{"value":5,"unit":"a"}}}`

const twoUnits = `{"resourceType":"Condition","id":"t","subject":{"reference":"Patient/ann"},"onsetRange":{"low":{"value":2,"unit":"a"},"high":{"value":30,"unit":"mo"}}}`

const wrongRange = `{"resourceType":"Condition","id":"w","subject":{"reference":"Patient/ann"},"onsetRange":{"low":{"value":5},"high":{"value":4}}}`

const cased = `{"resourceType":"Observation","id":"k","status":"final","code":{"coding":[{"system":"http://local","code":"Abc"},{"system":"http://loinc.org","code":"LA6576-8"},{"code":"Free"},
{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},{"code":"Été"}]},"valueQuantity":{"value":5,"system":"http://unitsofmeasure.org","code":"mg"}}`

const invoice = `{"resourceType":"Invoice","id":"i","status":"issued","totalNet":{"value":48,"currency":"USD"}}`

const risk = `{"resourceType":"RiskAssessment","id":"r","status":"final","subject":{"reference":"Patient/ann"},"prediction":[{"probabilityDecimal":0.025},{"probabilityRange":{"low":{"value":1},"high":{"value":5}}}]}`

const valueSet = `{"resourceType":"ValueSet","id":"v","status":"draft","url":"http://acme.org/fhir/ValueSet/123","compose":{"include":[{"system":"http://acme.org/cs"}]},
"expansion":{"timestamp":"2020","identifier":"urn:x","contains":[]}}`

const library = `{"resourceType":"Library","id":"l","status":"draft","type":{"coding":[]},"relatedArtifact":[{"type":"depends-on","resource":"http://acme.org/lib|1.2"},{"type":"successor","resource":"http://acme.org/new"}]}`

const schedule = `{"resourceType":"ServiceRequest","id":"s","status":"active","intent":"order","subject":{"reference":"Patient/ann"},
"occurrenceTiming":{"event":["2012-01-31","2012-03-01T10:00:00Z"]}}`

var modifierNames = map[string]index.Modifier{"missing": index.Missing, "exact": index.Exact, "contains": index.Contains, "text": index.Text,
	"not": index.Not, "above": index.Above, "below": index.Below, "identifier": index.Identifier, "of-type": index.OfType, "in": index.In}

var prefixNames = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

// ask reads "code:modifier=value" for a type.
func ask(t *testing.T, typ, search string) (index.Clause, index.Value) {
	t.Helper()
	name, text, _ := strings.Cut(search, "=")
	code, modifier, _ := strings.Cut(name, ":")
	c := index.Clause{Type: typ, Param: def.R4().SearchParam(typ, code), Now: now}
	if c.Param == nil {
		t.Fatalf("%s has no parameter %q", typ, code)
	}
	if m, ok := modifierNames[modifier]; ok {
		c.Modifier = m
	} else {
		c.Target = modifier
	}
	if c.Modifier == index.Missing {
		return c, index.Value{Missing: text == "true"}
	}
	kind := c.Param.Type
	if c.Modifier == index.Identifier {
		kind = def.TokenParam
	}
	if c.Modifier == index.Text {
		return c, index.Value{Text: text}
	}
	return c, read(kind, c.Param, text)
}

func read(kind def.ParamType, p *def.SearchParam, text string) (v index.Value) {
	switch kind {
	case def.CompositeParam:
		for i, part := range strings.Split(text, "$") {
			component := p.Components[i].Param
			v.Parts = append(v.Parts, read(component.Type, component, part))
		}
		return v
	case def.NumberParam, def.DateParam, def.QuantityParam:
		if i := slices.Index(prefixNames, text[:min(2, len(text))]); i >= 0 {
			v.Prefix, text = index.Prefix(i), text[2:]
		}
	}
	parts := strings.Split(text, "|")
	switch kind {
	case def.DateParam:
		v.Date, _ = fhir.ParseSearchDate(text)
	case def.NumberParam:
		v.Number, _ = fhir.ParseDecimal(text)
	case def.QuantityParam:
		v.Number, _ = fhir.ParseDecimal(parts[0])
		if len(parts) == 3 {
			v.HasSystem, v.System, v.Text = true, parts[1], parts[2]
		}
	case def.TokenParam:
		switch len(parts) {
		case 1:
			v.Text = text
		case 2:
			v.HasSystem, v.System, v.Text = true, parts[0], parts[1]
		case 3:
			v.System, v.Text, v.Of = parts[0], parts[1], parts[2]
		}
	default:
		v.Text = text
	}
	return v
}

func TestMatch(t *testing.T) {
	tests := []struct {
		on   string
		yes  string // searches that match, one a word
		none string // and those that do not
	}{
		{ann, "gender=female gender=http://hl7.org/fhir/administrative-gender|female gender=|female gender:not=male active=true active=http://terminology.hl7.org/CodeSystem/special-values|true",
			"gender=male gender=FEMALE gender=urn:x|female gender:not=female active=false gender=urn:x|"},
		{ann, "identifier=17 identifier=urn:mrn|17 identifier=urn:mrn| identifier=|free identifier=free identifier:of-type=http://v2|MR|17 identifier:text=medical identifier:text=record",
			"identifier=FREE identifier=|Free identifier=|17 identifier=urn:mrn|free identifier:of-type=http://v2|MR|free identifier:of-type=http://v2|XX|17 identifier:text=edical"},
		{ann, "_tag=x _tag=X _tag=urn:t|x _tag=urn:t|X _tag=urn:t| _security=r _security=|r _security=R _security=|R _profile=http://p/a _profile=http://p/a|2.0 _id=ann _lastUpdated=2024-05 _lastUpdated=gt2024-05-05 _source=http://s/1/2",
			"_tag=|x _security=urn:t|R _profile=http://p/a|1.0 _profile=http://p _id=bob _lastUpdated=lt2024 _source=http://s/1"},
		{ann, "_profile:below=http://p _source:below=http://s/1 _source:above=http://s/1/2/3 _source:above=http://s/1/2", "_profile:below=http://q _source:above=http://s/1/22 _source:above=http://s/1"},
		{ann, "phone=555 email=a@b email=A@b email=A@B telecom=555 telecom=|a@b telecom=|A@b email:not=a@c deceased=true", "phone=a@b email=A@ email:not=A@B email=555 telecom=phone|555 deceased=false"},
		{ann, "family=agren family=ÅGREN-Ø family=Ågren-Østby given=ann given=mary name=dr. given=ann&maria family:exact=Ågren-Østby family:contains=ØST given:contains=nn family:contains=gren-",
			"family=agren-o family=ostby given=maria family:exact=agren family:exact=Ågren given:contains=zz name=1"},
		{ann, "address=1&main address:contains=main address-city=STRASSE address-postalcode=021 address=us", "address=main address-city=main address-country=u$"},
		{ann, "birthdate=1970 birthdate=1970-03 birthdate=gt1970-03-15 birthdate=lt1970-03-15 birthdate=ge1970 birthdate=ne1970-03-15 birthdate=sa1970-02 birthdate=eb1970-04 birthdate=ap1972 birthdate=le1970-03",
			"birthdate=1970-03-15 birthdate=1971 birthdate=gt1970 birthdate=lt1970-03-01 birthdate=ne1970 birthdate=sa1970-03-01 birthdate=eb1970-03-31 birthdate=ap2000 birthdate=ge1970-04 birthdate=le1970-02"},
		{ann, "death-date=2020-03-01 death-date=2020-03-01T01:30Z death-date=eq2020-03 death-date=ge2020-03-01T01:30:00Z", "death-date=2020-02 death-date=gt2020-03-01T01:30:00Z"},
		{ann, "general-practitioner=Practitioner/1 general-practitioner=Practitioner/1/_history/3 general-practitioner=1 general-practitioner:Practitioner=1 general-practitioner=http://far/fhir/Practitioner/9 general-practitioner=urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11 general-practitioner:Organization=urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11 general-practitioner:identifier=urn:org|7 general-practitioner:identifier=7 general-practitioner:Practitioner=Practitioner/1",
			"general-practitioner=c general-practitioner=Practitioner/c general-practitioner=Practitioner/1/_history/2 general-practitioner=http://far/fhir/Practitioner/9/_history/1 general-practitioner=Organization/1 general-practitioner=9 general-practitioner=Practitioner/9 general-practitioner:Organization=1 general-practitioner:Practitioner=urn:uuid:3f0e5a3e-9f4b-4f0e-8a57-0d4a4f2f7f11 general-practitioner:identifier=|7 general-practitioner:Organization=Practitioner/1"},
		{ann, "language=en language=urn:ietf:bcp:47|en language:text=english language:text=plain language:text=us language:text=english&(us)", "language=english language:text=nglish language:text=p&l"},
		{ann, "organization:missing=true gender:missing=false general-practitioner:missing=false link:missing=false deceased:missing=false", "organization:missing=false gender:missing=true"},
		{pressure, "date=ge2012-04 date=2012 date=gt2012-05-15 date=lt2012-03-11 date=ne2012-04 date=ap2012-04-01 date=sa2012-03-09 date=eb2012-06 date=le2012-05",
			"date=2012-04 date=gt2012-06 date=lt2012-03-10 date=ne2012 date=sa2012-03-10 date=eb2012-05 date=ge2012-06"},
		{pressure, "component-code-value-quantity=8480-6$107 component-code-value-quantity=http://loinc.org|8480-6$gt100 combo-code-value-quantity=8462-4$60||mmHg component-code-value-quantity=8480-6$107|http://unitsofmeasure.org|mm[Hg] component-value-quantity=107||mmHg combo-code=85354-9 combo-code=8480-6 combo-value-quantity=60",
			"component-code-value-quantity=8480-6$60 code-value-quantity=8480-6$107 component-code-value-quantity=http://x|8480-6$107 component-value-quantity=60|http://unitsofmeasure.org|mm[Hg] value-quantity=107 code=8480-6 combo-code=x"},
		{pressure, "patient=Patient/ann patient=ann subject=Patient/ann subject:Patient=ann status=http://hl7.org/fhir/observation-status|final patient:missing=false subject:missing=false component-code-value-quantity:missing=false code-value-quantity:missing=true", "patient=Group/ann subject=bob subject:Group=ann patient:missing=true component-code-value-quantity:missing=true"},
		{glucose, "subject=Group/all subject=all subject:Group=all patient:missing=true subject:missing=false", "patient=all patient=Group/all patient:missing=false"},
		{glucose, "value-quantity=6.3 value-quantity=6.30|http://unitsofmeasure.org|mmol/L value-quantity=6.3||mmol/l value-quantity=6.3||mmol/L value-quantity=gt6.29 value-quantity=le6.3 value-quantity=ap6 value-quantity=ne6.4 value-quantity=6 code-value-quantity=http://loinc.org|15074-8$lt7|http://unitsofmeasure.org|mmol/L",
			"value-quantity=6.31 value-quantity=6.3||mg value-quantity=gt6.3 value-quantity=lt6.3 value-quantity=ap5 value-quantity=ne6.3 value-quantity=6.3|urn:x|mmol/L value-quantity=7"},
		{glucose, "code:text=glucose code:text=sugar code:text=moles date=2013-04-02T08:30:10Z date=2013-04-02 date=sa2013-04-01 date=eb2013-04-03 code-value-quantity=15074-8$6.3", "code:text=ugar date=2013-04-02T09:30:10Z date=sa2013-04-02 date=eb2013-04-02T08:30:10Z"},
		{condition, "onset-age=gt15 onset-age=lt11 onset-age=ge20||a onset-age=le10 onset-age=ne10 onset-age=sa9 onset-age=eb21 onset-age=ap15 onset-age=ap22||a onset-age=gt19.9 abatement-date=gt2030 abatement-date=ge2019-06-01 recorded-date=2018 recorded-date=ne2018-05 abatement-date=sa2019-05", "onset-age=10 onset-age=15 onset-age=20||a onset-age=gt20 onset-age=lt10 onset-age=ge20.1 onset-age=le9 onset-age=sa10 onset-age=eb20 onset-age=ap30 onset-age=ap9 onset-age=gt15||mo onset-age=5 abatement-date=2019 abatement-date=lt2019-06-01 abatement-date=eb2050 recorded-date=2018-01"},
		{openRange, "onset-age=ge5 onset-age=gt1000||a onset-age=ne7 onset-age=lt6 onset-age=sa4 onset-age=ap50 onset-age:missing=false", "onset-age=lt5 onset-age=le4 onset-age=eb1000 onset-age=5 onset-age=gt1||mo"},
		{twoUnits, "onset-age=gt3||a onset-age=lt1||mo onset-age=ge2||a onset-age=le30||mo", "onset-age=lt2||a onset-age=gt30||mo onset-age=2||a"},
		{wrongRange, "onset-age:missing=true onset-date:missing=true", "onset-age=gt1 onset-age=ne1"},
		{invoice, "totalnet=48 totalnet=48|urn:iso:std:iso:4217|USD totalnet=48||USD totalnet=ge48", "totalnet=48||EUR totalnet=49"},
		{risk, "probability=0.025 probability=gt0.02 probability=le0.025 probability=gt4.9 probability=sa0.9 probability=ap3 probability=0.03 probability=gt4 probability=ne0.025", "probability=2e-2 probability=0.04 probability=gt5 probability=5 probability=1 probability=lt0.025"},
		{valueSet, "url=http://acme.org/fhir/ValueSet/123 url:below=http://acme.org/fhir/ url:above=http://acme.org/fhir/ValueSet/123/_history/5 reference=http://acme.org/cs expansion=urn:x",
			"url=http://acme.org/fhir url:below=http://acme.com url:above=http://acme.org/fhir/ValueSet reference=http://acme.org/vs"},
		{cased, "code=ABC code=abc code=Abc code=http://local|aBC code=http://loinc.org|la6576-8 code=LA6576-8 code=|free code=FREE code=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB code=AMB code=ÉTÉ code=étÉ combo-code=aBc code:not=amb code-value-quantity=ABC$5|http://unitsofmeasure.org|mg code-value-quantity=http://local|aBC$5 code-value-quantity=AMB$5 code-value-quantity=http://terminology.hl7.org/CodeSystem/v3-ActCode|AMB$5 value-quantity=5||mg",
			"code=amb code=Amb code=http://terminology.hl7.org/CodeSystem/v3-ActCode|amb code=http://other|abc code=ab code=ete code:not=AMB code:not=abc status=FINAL code-value-quantity=amb$5 code-value-quantity=http://terminology.hl7.org/CodeSystem/v3-ActCode|amb$5 value-quantity=5||MG"},
		{library, "depends-on=http://acme.org/lib depends-on=http://acme.org/lib|1.2 successor=http://acme.org/new", "depends-on=http://acme.org/new successor=http://acme.org/lib composed-of=http://acme.org/lib"},
		{schedule, "occurrence=ge2012-02 occurrence=2012 occurrence=lt2012-02 occurrence=sa2012-01-30 occurrence=eb2012-03-01T10:00:01Z", "occurrence=2012-01 occurrence=gt2012-03-02 occurrence=sa2012-01-31"},
	}
	x := newIndex(t)
	for _, test := range tests {
		n := fhirtest.Parse(t, test.on)
		var s sample
		s.nodes, s.terms = map[string][]fhir.Node{}, map[string][][][]byte{}
		s.add(t, x, []byte(test.on))
		typ := fhir.Type(n)
		for i, list := range []string{test.yes, test.none} {
			for _, search := range strings.Fields(list) {
				search = strings.ReplaceAll(search, "&", " ")
				c, v := ask(t, typ, search)
				m, err := x.Matcher(c, v)
				if err != nil {
					t.Errorf("%s?%s: %v", typ, search, err)
					continue
				}
				if got, err := m.Match(n); err != nil || got != (i == 0) {
					t.Errorf("%s?%s: got %v, %v, want %v", typ, search, got, err, i == 0)
				}
				if c.Param.Code == "_id" || c.Param.Code == "_lastUpdated" {
					continue
				}
				l, err := x.Lookup(c, v)
				if err != nil {
					t.Errorf("%s?%s: %v", typ, search, err)
					continue
				}
				if c.Modifier == index.Not || v.Missing { // the lookup is of what is left out
					c.Modifier = map[index.Modifier]index.Modifier{index.Missing: index.Missing}[c.Modifier]
					v.Missing = false
					m, _ = x.Matcher(c, v)
				}
				if _, err := agreement(l, m, n, s.terms[typ][0]); err != nil {
					t.Errorf("%s?%s: %v", typ, search, err)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		typ, search string
		want        fault.Kind
	}{
		{"Patient", "gender:in=http://x", fault.Unsupported},
		{"Patient", "gender:exact=male", fault.Unsupported},
		{"Patient", "birthdate:contains=1", fault.Unsupported},
		{"Patient", "birthdate=never", fault.Invalid},
		{"Patient", "gender:Patient=x", fault.Unsupported},
		{"Patient", "gender=|", fault.Invalid},
		{"Patient", "family=", fault.Invalid},
		{"Patient", "link=a/b/c", fault.Invalid},
		{"Patient", "link=#c", fault.Invalid},
		{"Patient", "link=Nothing/1", fault.Invalid},
		{"Patient", "link:Nothing=1", fault.Invalid},
		{"Patient", "_id=ann", fault.Unsupported},
		{"Patient", "_lastUpdated=2020", fault.Unsupported},
		{"Patient", "_content=x", fault.Unsupported},
		{"Location", "near=1|2", fault.Unsupported},
		{"Observation", "value-quantity=x", fault.Invalid},
		{"RiskAssessment", "probability=x", fault.Invalid},
		{"ValueSet", "url:above=http:" + strings.Repeat("/a", 100), fault.TooCostly},
	}
	x := newIndex(t)
	for _, test := range tests {
		c, v := ask(t, test.typ, test.search)
		if _, err := x.Lookup(c, v); fault.KindOf(err) != test.want || err == nil {
			t.Errorf("%s?%s: got %v, want %v", test.typ, test.search, err, test.want)
		}
	}
	c, _ := ask(t, "Observation", "code-value-quantity=a$1")
	if _, err := x.Lookup(c, index.Value{Parts: []index.Value{{Text: "a"}}}); !isKind(err, fault.Invalid) {
		t.Errorf("a composite of one part: got %v, want %v", err, fault.Invalid)
	}
	c, _ = ask(t, "Patient", "family=a")
	if _, err := x.Lookup(c, index.Value{Text: "a", Prefix: index.Greater}); !isKind(err, fault.Unsupported) {
		t.Errorf("a string with a prefix: got %v, want %v", err, fault.Unsupported)
	}
}

func isKind(err error, k fault.Kind) bool { return err != nil && fault.KindOf(err) == k }

// TestLongTexts searches texts that do not stand whole in their terms.
func TestLongTexts(t *testing.T) {
	long := strings.Repeat("lorem ipsum ", 40)
	doc := `{"resourceType":"Patient","id":"p","name":[{"text":"` + long + `end"}],"identifier":[{"system":"urn:s","value":"` + long + `"}]}`
	x := newIndex(t)
	n := fhirtest.Parse(t, doc)
	s := sample{nodes: map[string][]fhir.Node{}, terms: map[string][][][]byte{}}
	s.add(t, x, []byte(doc))
	for search, want := range map[string]bool{
		"name=lorem": true, "name=" + long: true, "name=" + long + "x": false, "name:contains=end": true, "name:contains=nothing": false,
		"name:exact=" + long + "end": true, "name:exact=" + long: false, "identifier=" + long: true, "identifier=urn:s|" + long: true,
		"identifier=" + long[:300]: false,
	} {
		c, v := ask(t, "Patient", search)
		l, err := x.Lookup(c, v)
		if err != nil {
			t.Fatal(err)
		}
		m, err := x.Matcher(c, v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := agreement(l, m, n, s.terms["Patient"][0])
		if err != nil || got != want {
			t.Errorf("%.30s…: got %v, %v, want %v", search, got, err, want)
		}
	}
}

func TestSharedTerms(t *testing.T) {
	x := newIndex(t)
	tests := [][3]string{ // type, search, another that uses the same terms
		{"Observation", "patient=Patient/ann", "subject=Patient/ann"},
		{"Patient", "name=ann", "phonetic=ann"},
		{"Observation", "code=85354-9", "combo-code=85354-9"},
		{"Observation", "component-code-value-quantity=8480-6$107", "combo-code-value-quantity=8480-6$107"},
	}
	for _, test := range tests {
		c, v := ask(t, test[0], test[1])
		one, err := x.Lookup(c, v)
		if err != nil {
			t.Fatal(err)
		}
		c, v = ask(t, test[0], test[2])
		other, err := x.Lookup(c, v)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(other.Spans, func(s index.Span) bool { return string(s.Low) == string(one.Spans[0].Low) }) {
			t.Errorf("%s and %s share no terms", test[1], test[2])
		}
	}
}

func TestNormalize(t *testing.T) {
	for text, want := range map[string]string{
		"  Ann\t MARIA\n": "ann maria", "Ågren-Østby": "agren-østby", "STRASSE": "strasse", "Straße": "strasse", "O'Neil": "o'neil",
		"İstanbul": "istanbul", "ﬁn": "fin", "": "", " ": "", "中 文": "中 文", "é e\u0301": "e e",
	} {
		if got := string(index.Normalize(nil, text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := string(index.Normalize([]byte("x"), " A é")); got != "xa e" {
		t.Errorf("got %q, want %q", got, "xa e")
	}
}

func TestReferences(t *testing.T) {
	x := newIndex(t)
	for param, want := range map[string]int{"subject": 1, "patient": 0} {
		got, err := x.References(nil, fhirtest.Parse(t, glucose), def.R4().SearchParam("Observation", param))
		if err != nil || len(got) != want {
			t.Errorf("%s: got %v, %v, want %d references", param, got, err, want)
		}
	}
	got, err := x.References(nil, fhirtest.Parse(t, ann), def.R4().SearchParam("Patient", "general-practitioner"))
	if err != nil || len(got) != 5 || got[0].Key != (fhir.Key{Type: "Practitioner", ID: "1"}) || got[2].Kind != fhir.Absolute {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTooManyTerms(t *testing.T) {
	x := newIndex(t)
	coding := strings.TrimSuffix(strings.Repeat(`{"system":"s","code":"#"},`, 1000), ",")
	for i := range 1000 {
		coding = strings.Replace(coding, "#", "c"+strings.Repeat("x", i%30)+string(rune('a'+i/30%26))+string(rune('a'+i/780)), 1)
	}
	doc := `{"resourceType":"Observation","code":{"coding":[` + coding + `]},"valueCodeableConcept":{"coding":[` + coding + `]}}`
	var terms index.Terms
	if err := x.AppendTerms(&terms, fhirtest.Parse(t, ann)); err != nil {
		t.Fatal(err)
	}
	before := terms.Len()
	if err := x.AppendTerms(&terms, fhirtest.Parse(t, doc)); !isKind(err, fault.TooCostly) || terms.Len() != before {
		t.Errorf("got %v and %d terms, want %v and %d", err, terms.Len(), fault.TooCostly, before)
	}
	if err := x.AppendTerms(&terms, fhirtest.Parse(t, `{"resourceType":"Nothing"}`)); !isKind(err, fault.Invalid) {
		t.Errorf("got %v, want %v", err, fault.Invalid)
	}
}
