// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"bytes"
	"unicode/utf8"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
)

const (
	textID     = "an id is 1 to 64 letters, digits, - and ."
	maxInteger = "2147483647"
	maxString  = 1 << 20 // characters
)

var formatTexts = [...]string{
	def.Base64Binary: "this is no base64Binary: use base64 (RFC 4648) in groups of four, padded with =",
	def.Boolean:      "a boolean is true or false, without quotes",
	def.Canonical:    "a canonical is a URI without white space, not empty",
	def.Code:         "a code is not empty and has no white space but single ones inside",
	def.Date:         "a date is YYYY, YYYY-MM or YYYY-MM-DD, and in the calendar",
	def.DateTime:     "a dateTime is a date, or YYYY-MM-DDThh:mm:ss with a zone (Z or +hh:mm), and in the calendar",
	def.Decimal:      "a decimal is a JSON number of at most 1000 digits, without quotes",
	def.ID:           textID,
	def.Instant:      "an instant is YYYY-MM-DDThh:mm:ss with a zone (Z or +hh:mm), and in the calendar",
	def.Integer:      "an integer is a JSON number from -2147483648 to 2147483647, without quotes, point or exponent",
	def.Markdown:     "a markdown is text of 1 to 1048576 characters",
	def.OID:          "an oid is urn:oid: and numbers with dots, the first of them 0 to 2",
	def.PositiveInt:  "a positiveInt is a JSON number from 1 to 2147483647, without quotes, point or exponent",
	def.String:       "a string is text of 1 to 1048576 characters",
	def.Time:         "a time is hh:mm:ss, without a zone",
	def.UnsignedInt:  "an unsignedInt is a JSON number from 0 to 2147483647, without quotes, point or exponent",
	def.URI:          "a uri has no white space and is not empty",
	def.URL:          "a url has no white space and is not empty",
	def.UUID:         "a uuid is urn:uuid: and lower-case hexadecimal digits in groups of 8-4-4-4-12",
	def.XHTML:        "the narrative is one <div> element of XHTML",
}

// primitive checks the value of a primitive.
func (w *walk) primitive(m fhir.Node, f *field) {
	var ok bool
	kind := m.Kind()
	switch f.scalar {
	case def.Boolean:
		ok = kind == fhir.True || kind == fhir.False
	case def.Decimal:
		_, ok = fhir.DecimalOf(m)
	case def.Integer, def.PositiveInt, def.UnsignedInt:
		ok = kind == fhir.Number && validInteger(m.Number(), f.scalar)
	default:
		ok = kind == fhir.String && w.validText(m, f.scalar)
	}
	switch {
	case !ok && kind != fhir.String && f.scalar.JSON() == def.JSONString:
		w.report(search, m, Structure, "", "this must be a JSON string: "+formatTexts[f.scalar])
	case !ok:
		w.report(search, m, Value, "", formatTexts[f.scalar])
	case f.codes != nil && !f.codes.HasCode(m.Text()):
		w.notInSet(m, f.codes)
	}
}

// validInteger checks a JSON number against the integer types.
func validInteger(s string, scalar def.Scalar) bool {
	negative := s[0] == '-'
	if negative {
		s = s[1:]
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	if len(s) > len(maxInteger) {
		return false
	}
	if len(s) == len(maxInteger) && s > maxInteger && !(negative && s == "2147483648") {
		return false
	}
	switch scalar {
	case def.PositiveInt:
		return !negative && s != "0"
	case def.UnsignedInt:
		return !negative
	}
	return !negative || s != "0"
}

// validText checks a JSON string against the text types.
func (w *walk) validText(m fhir.Node, scalar def.Scalar) bool {
	raw := m.Raw()
	if len(raw) <= 2 {
		return false
	}
	if scalar == def.String || scalar == def.Markdown {
		return len(raw)-2 <= maxString || utf8.RuneCount(m.AppendText(nil)) <= maxString
	}
	s := raw[1 : len(raw)-1]
	if bytes.IndexByte(s, '\\') >= 0 {
		w.text = m.AppendText(w.text[:0])
		s = w.text
	}
	switch scalar {
	case def.Code:
		return validCode(s)
	case def.URI, def.URL, def.Canonical:
		return !bytes.ContainsAny(s, " \t\r\n\f\v")
	case def.ID:
		return validID(s)
	case def.DateTime:
		_, ok := fhir.ParseDateTime(s)
		return ok
	case def.Date:
		_, ok := fhir.ParseDate(s)
		return ok
	case def.Instant:
		_, ok := fhir.ParseInstant(s)
		return ok
	case def.Time:
		_, ok := fhir.ParseTime(s)
		return ok
	case def.OID:
		return validOID(s)
	case def.UUID:
		return validUUID(s)
	case def.Base64Binary:
		return validBase64(s)
	case def.XHTML:
		return validXHTML(s)
	}
	return false
}
