// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"galen/internal/fhir"
)

// answerTypes is the members that may answer a question of a type.
var answerTypes = map[string][]string{
	"boolean": {"valueBoolean"}, "decimal": {"valueDecimal"}, "integer": {"valueInteger"}, "date": {"valueDate"}, "dateTime": {"valueDateTime"},
	"time": {"valueTime"}, "string": {"valueString"}, "text": {"valueString"}, "url": {"valueUri"}, "choice": {"valueCoding", "valueDate", "valueTime", "valueInteger", "valueString", "valueReference"},
	"open-choice": {"valueCoding", "valueString", "valueDate", "valueTime", "valueInteger", "valueReference"}, "attachment": {"valueAttachment"}, "reference": {"valueReference"}, "quantity": {"valueQuantity"},
}

// answer checks one answer. It reports whether the answer is one that stands alone.
func (f *form) answer(a, q fhir.Node, typ string) (alone bool) {
	v := valueOf(a, "value")
	if !v.Ok() {
		return false
	}
	if types := answerTypes[typ]; types != nil && !slices.Contains(types, v.Name()) {
		f.fail(v, Structure, "", "a question of type "+typ+" is answered by "+oneOf(types)+": write the answer so")
		return false
	}
	f.limits(v, q)
	switch v.Name() {
	case "valueAttachment":
		f.attachment(v, q)
	case "valueReference":
		f.referenced(v, q)
	case "valueQuantity":
		f.unit(v, q)
	}
	if options := q.Field("answerOption"); options.Len() > 0 {
		return f.option(v, options, typ)
	}
	if set := q.Field("answerValueSet"); set.Kind() == fhir.String && v.Kind() == fhir.Object && v.Name() == "valueCoding" {
		if f.member(v.Field("system").Text(), v.Field("code").Text(), set.Text()) == No {
			f.fail(v, CodeInvalid, "", "this code is not in the value set that the question takes its answers from: use one of its codes")
		}
	}
	return false
}

// option checks an answer against the options of a question.
func (f *form) option(v, options fhir.Node, typ string) (alone bool) {
	for _, o := range options.Elements() {
		if sameAnswer(v, valueOf(o, "value")) {
			return extended(o, "questionnaire-optionExclusive").Bool()
		}
	}
	if typ != "open-choice" || v.Name() != "valueString" {
		f.fail(v, CodeInvalid, "", "this is none of the question's answer options: use one of them")
	}
	return false
}

// sameAnswer compares codings by system and code, and other values whole.
func sameAnswer(a, b fhir.Node) bool {
	if a.Kind() == fhir.Object && b.Kind() == fhir.Object && a.Field("code").Ok() && b.Field("code").Ok() {
		system, other := a.Field("system"), b.Field("system")
		return a.Field("code").Is(b.Field("code").Text()) && (!system.Ok() || !other.Ok() || system.Is(other.Text()))
	}
	return a.Kind() == b.Kind() && equal(a, b)
}

// limits checks what a question says of its answers' size.
func (f *form) limits(v, q fhir.Node) {
	for _, name := range [...]string{"minValue", "sdc-questionnaire-minQuantity"} {
		if limit := extended(q, name); limit.Ok() && (outside(v, limit, -1) || !comparable(v, limit)) {
			f.fail(v, Value, "", "the question asks for at least "+show(limit))
		}
	}
	for _, name := range [...]string{"maxValue", "sdc-questionnaire-maxQuantity"} {
		if limit := extended(q, name); limit.Ok() && (outside(v, limit, 1) || !comparable(v, limit)) {
			f.fail(v, Value, "", "the question asks for at most "+show(limit))
		}
	}
	if d, ok := fhir.ParseDecimal(v.Number()); ok && v.Name() == "valueDecimal" {
		if n, ok := integer(extended(q, "maxDecimalPlaces")); ok && d.Scale() > n {
			f.fail(v, Value, "", "the question asks for at most "+strconv.Itoa(n)+" digits after the point")
		}
	}
	if v.Kind() != fhir.String {
		return
	}
	text := v.Text()
	if n, ok := integer(q.Field("maxLength")); ok && utf8.RuneCountInString(text) > n {
		f.fail(v, Value, "", "the question asks for at most "+strconv.Itoa(n)+" characters")
	}
	if n, ok := integer(extended(q, "minLength")); ok && utf8.RuneCountInString(text) < n {
		f.fail(v, Value, "", "the question asks for at least "+strconv.Itoa(n)+" characters")
	}
	if pattern := extended(q, "regex"); pattern.Kind() == fhir.String && len(pattern.Text()) < 1000 {
		if re, err := regexp.Compile("^(?:" + pattern.Text() + ")$"); err == nil && !re.MatchString(text) {
			f.fail(v, Value, "", "the answer has not the form that the question asks for")
		}
	}
}

// attachment checks the size and media type of an answer.
func (f *form) attachment(v, q fhir.Node) {
	size := -1
	if n, ok := integer(v.Field("size")); ok {
		size = n
	}
	if data := v.Field("data"); data.Kind() == fhir.String {
		if n := decodedSize(data.Text()); size >= 0 && n >= 0 && n != size {
			f.fail(v, Value, "size", "the size stated is not that of the data: correct it")
		} else if n >= 0 {
			size = n
		}
	}
	if limit, ok := fhir.ParseDecimal(extended(q, "maxSize").Number()); ok {
		if n, ok := limit.Int64(); ok && int64(size) > n {
			f.fail(v, Value, "", "the attachment is larger than the question allows")
		}
	}
	allowed, right := 0, false
	for _, e := range q.Field("extension").Elements() {
		if e.Field("url").Is("http://hl7.org/fhir/StructureDefinition/mimeType") {
			allowed++
			right = right || v.Field("contentType").Is(e.Field("valueCode").Text())
		}
	}
	if allowed > 0 && !right {
		f.fail(v, Value, "contentType", "the question does not take attachments of this media type")
	}
}

// decodedSize is the number of bytes that base64 stands for; -1 if it is none.
func decodedSize(text string) int {
	text = strings.Join(strings.Fields(text), "")
	if len(text)%4 != 0 {
		return -1
	}
	return base64.StdEncoding.DecodedLen(len(text)) - (len(text) - len(strings.TrimRight(text, "=")))
}

// referenced checks the type that an answer refers to.
func (f *form) referenced(v, q fhir.Node) {
	text := v.Field("reference")
	if text.Kind() != fhir.String {
		return
	}
	typ := fhir.ParseReference(text.Text()).Key.Type
	if typ == "" {
		if parts := strings.Split(text.Text(), "/"); len(parts) > 1 {
			typ = parts[len(parts)-2]
		}
	}
	if typ == "" {
		return
	}
	var allowed []string
	for _, e := range q.Field("extension").Elements() {
		if e.Field("url").Is("http://hl7.org/fhir/StructureDefinition/questionnaire-referenceResource") {
			allowed = append(allowed, e.Field("valueCode").Text())
		}
	}
	if len(allowed) > 0 && !slices.Contains(allowed, typ) {
		f.fail(v, Structure, "reference", "the question takes references to "+oneOf(allowed)+" only")
	}
}

// unit checks the unit of a quantity.
func (f *form) unit(v, q fhir.Node) {
	count, right := 0, false
	for _, e := range q.Field("extension").Elements() {
		if e.Field("url").Is("http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption") {
			count++
			right = right || sameAnswer(v, valueOf(e, "value"))
		}
	}
	if count > 0 && !right {
		f.fail(v, CodeInvalid, "", "the question does not take this unit: use one of its unit options")
	}
	if set := extended(q, "questionnaire-unitValueSet"); set.Kind() == fhir.String && f.member(v.Field("system").Text(), v.Field("code").Text(), set.Text()) == No {
		f.fail(v, CodeInvalid, "", "this unit is not in the value set that the question takes its units from")
	}
}
