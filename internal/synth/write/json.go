// SPDX-License-Identifier: Apache-2.0

package write

import (
	"strconv"
	"time"
	"unicode/utf8"

	"galen/internal/synth/chance"
	"galen/internal/synth/module"
)

// id is a UUID.
type id [2]uint64

// newID makes the id of the nth thing of a kind.
func newID(key uint64, kind kind, n int) id {
	a := chance.Mix(key ^ chance.Mix(uint64(kind)<<40+uint64(n)))
	b := chance.Mix(a ^ key)
	return id{a&^0xf000 | 0x4000, b&^(3<<62) | 1<<63}
}

const hex = "0123456789abcdef"

// append writes it in 36 characters.
func (u id) append(dst []byte) []byte {
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[u[i>>4]>>(60-4*(i&15))&15])
	}
	return dst
}

func (w *Writer) s(raw string) { w.buf = append(w.buf, raw...) }

// q writes a string in quotes. Control characters and bytes that are no UTF-8 become spaces.
func (w *Writer) q(text string) {
	w.buf = append(w.buf, '"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			w.buf = append(w.buf, '\\', c)
		case c < 0x20:
			w.buf = append(w.buf, ' ')
		case c < utf8.RuneSelf:
			w.buf = append(w.buf, c)
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			w.buf = utf8.AppendRune(w.buf, r)
			i += n - 1
		}
	}
	w.buf = append(w.buf, '"')
}

// f writes a member that is text, with a comma before it.
func (w *Writer) f(name, text string) {
	w.member(name)
	w.q(text)
}

func (w *Writer) member(name string) {
	w.s(`,"`)
	w.s(name)
	w.s(`":`)
}

func (w *Writer) int(n int) { w.buf = strconv.AppendInt(w.buf, int64(n), 10) }

// number writes a decimal without needless zeros.
func (w *Writer) number(n float64, digits int) {
	start := len(w.buf)
	w.buf = strconv.AppendFloat(w.buf, n, 'f', digits, 64)
	if digits > 0 {
		for w.buf[len(w.buf)-1] == '0' {
			w.buf = w.buf[:len(w.buf)-1]
		}
		if w.buf[len(w.buf)-1] == '.' {
			w.buf = w.buf[:len(w.buf)-1]
		}
	}
	if string(w.buf[start:]) == "-0" {
		w.buf = append(w.buf[:start], '0')
	}
}

// money writes cents as US dollars.
func (w *Writer) money(name string, cents int) {
	w.member(name)
	w.s(`{"value":`)
	w.int(cents / 100)
	w.s(".")
	w.buf = append(w.buf, byte('0'+cents/10%10), byte('0'+cents%10))
	w.s(`,"currency":"USD"}`)
}

func (w *Writer) time(name string, at int64) {
	w.member(name)
	w.moment(at)
}

func (w *Writer) moment(at int64) {
	w.buf = append(w.buf, '"')
	w.buf = time.Unix(at, 0).UTC().AppendFormat(w.buf, "2006-01-02T15:04:05Z")
	w.buf = append(w.buf, '"')
}

func (w *Writer) date(name string, at int64) {
	w.member(name)
	w.buf = append(w.buf, '"')
	w.buf = time.Unix(at, 0).UTC().AppendFormat(w.buf, "2006-01-02")
	w.buf = append(w.buf, '"')
}

// period writes a Period; an end of 0 is left out.
func (w *Writer) period(name string, start, stop int64) {
	w.member(name)
	w.s(`{"start":`)
	w.moment(start)
	if stop != 0 {
		w.time("end", stop)
	}
	w.s("}")
}

// system is the URI of a code system as modules name it.
func system(name string) string {
	switch name {
	case "SNOMED-CT", "SNOMED":
		return "http://snomed.info/sct"
	case "LOINC":
		return "http://loinc.org"
	case "RxNorm":
		return "http://www.nlm.nih.gov/research/umls/rxnorm"
	case "CVX":
		return "http://hl7.org/fhir/sid/cvx"
	case "ICD-10-CM", "ICD10-CM", "ICD10":
		return "http://hl7.org/fhir/sid/icd-10-cm"
	case "CPT":
		return "http://www.ama-assn.org/go/cpt"
	case "DICOM-DCM":
		return "http://dicom.nema.org/resources/ontology/DCM"
	case "DICOM-SOP":
		return "urn:ietf:rfc:3986"
	case "NUBC":
		return "http://www.nubc.org/patient-discharge"
	}
	return name
}

// coding writes a Coding.
func (w *Writer) coding(c module.Code) {
	w.s(`{"system":`)
	w.q(system(c.System))
	w.s(`,"code":`)
	if c.System == "DICOM-SOP" {
		w.q("urn:oid:" + c.Code)
	} else {
		w.q(c.Code)
	}
	if c.Display != "" {
		w.f("display", c.Display)
	}
	w.s("}")
}

// concept writes a member that is a CodeableConcept.
func (w *Writer) concept(name string, codes ...module.Code) {
	w.member(name)
	w.bare(codes...)
}

func (w *Writer) bare(codes ...module.Code) {
	w.s(`{"coding":[`)
	for i, c := range codes {
		if i > 0 {
			w.s(",")
		}
		w.coding(c)
	}
	w.s("]")
	if len(codes) > 0 && codes[0].Display != "" {
		w.f("text", codes[0].Display)
	}
	w.s("}")
}

// ref writes a member that is a Reference.
func (w *Writer) ref(name, resource string, u id) {
	w.member(name)
	w.bareRef(resource, u)
}

func (w *Writer) bareRef(resource string, u id) {
	w.s(`{"reference":"`)
	w.s(resource)
	w.s("/")
	w.buf = u.append(w.buf)
	w.s(`"}`)
}
