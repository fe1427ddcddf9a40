// SPDX-License-Identifier: Apache-2.0

package icd10

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Code is a code of a note.
type Code struct {
	Code       string // with its dot
	Title      string
	Confidence float64 // 0 to 1, by rule
	Evidence   []Evidence
}

// Evidence is where the note names what was coded.
type Evidence struct{ Begin, End int } // bytes of the note

// Patient is what is known of whom a note is about.
type Patient struct{ Female, Male bool }

// maxEvidence is how many places a code has at most.
const maxEvidence = 20

// Codes gives the codes of a note: those of the assessment first, in its order.
func (x *Index) Codes(note string, p Patient) []Code {
	all := slices.DeleteFunc(x.mentions(note), func(m mention) bool {
		title := strings.ToLower(x.system.Display(m.concept))
		female := strings.Contains(title, "female")
		return p.Male && female || p.Female && !female && (strings.Contains(title, "male ") || strings.Contains(title, "prostat")) ||
			m.once && !chronic(x.system.Code(m.concept))
	})
	concluded := slices.ContainsFunc(all, func(m mention) bool { return m.place.concludes() })
	diagnosed := slices.ContainsFunc(all, func(m mention) bool { return m.place.concludes() && !symptom(x.system.Code(m.concept)) })
	lines := map[int]bool{} // of the assessment that name a diagnosis
	for _, m := range all {
		if !symptom(x.system.Code(m.concept)) {
			lines[m.line] = true
		}
	}
	all = slices.DeleteFunc(all, func(m mention) bool {
		code := x.system.Code(m.concept)
		switch {
		case symptom(code) && m.place == anywhere:
			return m.explained && lines[m.line]
		case symptom(code) && m.place == assessment:
			return lines[m.line]
		case symptom(code):
			return diagnosed || concluded || m.place == reasoning || m.place == plan || m.place == past
		case !m.place.concludes() && concluded:
			return !chronic(code) // it may be of another time
		}
		return false
	})
	return x.combine(x.specific(uncovered(x.gather(all))))
}

// concludes reports whether a part holds what the clinician found to be the case.
func (p place) concludes() bool {
	return p == anywhere || p == assessment || p == reasoning || p == plan
}

// gather makes a code of the mentions of each concept.
func (x *Index) gather(all []mention) []Code {
	slices.SortStableFunc(all, func(a, b mention) int {
		return cmp.Or(cmp.Compare(rank(a.place), rank(b.place)), cmp.Compare(a.begin, b.begin))
	})
	var list []Code
	at := map[uint32]int{}
	for _, m := range all {
		i, known := at[m.concept]
		if !known {
			i = len(list)
			at[m.concept] = i
			list = append(list, Code{Code: x.system.Code(m.concept), Title: x.system.Display(m.concept)})
		}
		c := &list[i]
		c.Confidence = max(c.Confidence, x.confidence(m))
		if len(c.Evidence) < maxEvidence {
			c.Evidence = append(c.Evidence, Evidence{m.begin, m.end})
		}
	}
	return list
}

// rank puts what was concluded before what was told.
func rank(p place) int {
	switch p {
	case anywhere, assessment:
		return 0
	case reasoning, plan:
		return 1
	}
	return 2
}

// confidence is how sure a mention makes its code: of the words that are not said, of where it stands, of whether it is a symptom or of the past.
func (x *Index) confidence(m mention) float64 {
	c := 0.95 - 0.05*float64(min(m.left, 5))
	c *= weight[m.place]
	if symptom(x.system.Code(m.concept)) {
		c *= 0.9
	}
	if m.once {
		c *= 0.85
	}
	return math.Round(100*c) / 100
}

// uncovered drops findings that are part of a disease that is coded: a high reading beside hypertension, back pain beside a strained back.
func uncovered(list []Code) []Code {
	return slices.DeleteFunc(slices.Clone(list), func(c Code) bool {
		for finding, diseases := range covers {
			if strings.HasPrefix(c.Code, finding) && slices.ContainsFunc(list, func(o Code) bool { return begins(o.Code, diseases) }) {
				return true
			}
		}
		return false
	})
}

// covers are the diseases, by findings that are part of them; all by what their codes begin with.
var covers = map[string][]string{
	"R03.0": {"I1"}, "R73": {"E08", "E09", "E10", "E11", "E13"}, "M54.2": {"S16", "S13", "M50", "M54.12"}, "R05": {"J"}, "R06.02": {"I50", "J4"},
	"M54.5": {"S39.0", "S33", "M51", "M54.16", "M54.3", "M48.0"}, "M54.9": {"S39.0", "S33", "M51", "M54.1", "M54.3", "M54.5", "M48.0"},
}

// specific drops a code that says less than another: diabetes without complications beside diabetes with one, a joint of no side beside
// one of a side, anemia beside that of iron deficiency.
func (x *Index) specific(list []Code) []Code {
	return slices.DeleteFunc(slices.Clone(list), func(c Code) bool {
		return vagueTitle(c.Title) && slices.ContainsFunc(list, func(o Code) bool { return o.Code != c.Code && saysMore(o, c) })
	})
}

// vagueTitle reports whether a title leaves open what another may say.
func vagueTitle(title string) bool {
	title = strings.ToLower(title)
	return strings.Contains(title, "unspecified") || strings.Contains(title, "without complication")
}

// saysMore reports whether o is of the same category as c and leaves less open, or names all that c does and more.
func saysMore(o, c Code) bool {
	sameJoint := !strings.Contains("MS", c.Code[:1]) || len(c.Code) >= 5 && strings.HasPrefix(o.Code, c.Code[:5])
	if o.Code[:3] == c.Code[:3] && sameJoint && !vagueTitle(o.Title) {
		return true
	}
	words, more := shortest(c), shortest(o)
	return len(words) > 0 && len(more) > len(words) && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(more, w) })
}

// shortest are the words that the shortest way of saying a code has.
func shortest(c Code) []string {
	short := shortened(strings.ToLower(c.Title))
	if len(short) == 0 {
		return nil
	}
	return short[len(short)-1].words
}

// symptom reports whether a code is of a symptom or sign, which is not coded beside what explains it.
func symptom(code string) bool {
	return code[0] == 'R' || begins(code, symptoms)
}

// chronic reports whether a code is of what lasts, so that it is still there when it is told of as of the past.
func chronic(code string) bool { return begins(code, lasting) }

func begins(code string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(code, p) })
}

var (
	symptoms = strings.Fields("M25.5 M54.2 M54.5 M54.6 M54.9 M79.1 M79.6")
	lasting  = strings.Fields("B18 B20 D56 D57 D66 D80 D83 E03 E05 E06.3 E08 E09 E10 E11 E13 E23 E28.2 E66 E78 F03 F20 F25 F31 F32 F33 F41 F43.1 F84 F90 F10.2 F11.2 F17.2 G20 G25.81 G30 G35 " +
		"G40 G43 G47.3 H40 I10 I11 I12 I13 I25 I27 I34 I35 I42 I48 I50 I70 I73 J41 J42 J43 J44 J45 J47 J84 K21 K50 K51 K58 K70 K73 K74 L20 L40 M05 M06 M10 M15 M16 M17 M18 M19 M1A M32 M34 M79.7 M81 N18 N40 Q")
)
