// SPDX-License-Identifier: Apache-2.0

package insights_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"galen/internal/insights"
	"galen/internal/insights/facts"
	"galen/internal/insights/render"
)

// truth checks fragments against the resources that they cite, without the code that wrote them.
type truth struct {
	text map[string]string    // Type/id → the resource's JSON in lower case
	nums map[string][]float64 // Type/id → every number in it
	age  int
	from string // the reason, which is the caller's
}

var (
	numbers = regexp.MustCompile(`\d+(?:\.\d+)?`)
	dates   = regexp.MustCompile(`(?:(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?:(\d{1,2}), )?)(\d{4})`)
	words   = regexp.MustCompile(`[A-Za-z][A-Za-z'’/\-]*`)
)

func newTruth(t *testing.T, resources [][]byte, reason string, age int) *truth {
	c := &truth{map[string]string{}, map[string][]float64{}, age, reason}
	for _, src := range resources {
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal(src, &r); err != nil {
			t.Fatal(err)
		}
		c.text[r.ResourceType+"/"+r.ID] = string(src)
	}
	return c
}

// cited is the text of all resources cited.
func (c *truth) cited(refs []string) (text string, nums []float64) {
	for _, ref := range refs {
		if _, ok := c.nums[ref]; !ok {
			c.nums[ref] = []float64{}
			for _, s := range numbers.FindAllString(c.text[ref], -1) {
				f, _ := strconv.ParseFloat(s, 64)
				c.nums[ref] = append(c.nums[ref], f)
			}
		}
		text, nums = text+" "+strings.ToLower(c.text[ref]), append(nums, c.nums[ref]...)
	}
	return text, nums
}

// the words that the writer joins facts with. Anything else must stand in what is cited.
var joining = strings.Fields(`is a an the at on of and or to for in with was were he she they last seen born year-old years old language alert male female
	new problem resolved done started ended ordered again vaccine given document allergy recorded related problems medicines due goal open order
	since then up down from before high low abnormal critical preliminary emergency hospital stay nothing after visit not be
	by mouth once twice times every day week month year hour needed as emergency stopped completed cancelled
	confirm if still present coded assessed past coding later active hold criticality severe mild moderate mmhg °c °f unchanged`)

// check gives what is wrong with a fragment.
func (c *truth) check(f render.Fragment) (faults []string) {
	text := f.Text
	for _, rule := range facts.Rules() {
		name, _, _ := strings.Cut(rule, ":")
		text = strings.ReplaceAll(text, name, "")
	}
	if len(f.Evidence) == 0 {
		text = strings.ReplaceAll(text, c.from, "")
		if numbers.MatchString(strings.NewReplacer("ICD-10-CM", "", "CMS-HCC", "").Replace(text)) {
			return []string{"a number without evidence"}
		}
		return nil
	}
	for _, ref := range f.Evidence {
		if c.text[ref] == "" {
			faults = append(faults, "evidence that is not in the record")
		}
	}
	cited, nums := c.cited(f.Evidence)
	for _, m := range dates.FindAllStringSubmatch(text, -1) {
		month := "JanFebMarAprMayJunJulAugSepOctNovDec"
		iso := m[3]
		if m[1] != "" {
			iso += fmt.Sprintf("-%02d", strings.Index(month, m[1])/3+1)
		}
		if m[2] != "" {
			d, _ := strconv.Atoi(m[2])
			iso += fmt.Sprintf("-%02d", d)
		}
		if !strings.Contains(cited, iso) {
			faults = append(faults, "date "+m[0])
		}
	}
	text = dates.ReplaceAllString(text, "")
	for _, n := range numbers.FindAllString(text, -1) {
		if !c.number(n, nums, cited) {
			faults = append(faults, "number "+n)
		}
	}
	for _, w := range words.FindAllString(text, -1) {
		if w = strings.ToLower(w); !slices.Contains(joining, w) && !strings.Contains(cited, w) {
			faults = append(faults, "word "+w)
		}
	}
	return faults
}

// number reports whether a number stands in what is cited, as written or rounded, or is the age.
func (c *truth) number(s string, nums []float64, cited string) bool {
	want, _ := strconv.ParseFloat(s, 64)
	_, decimals, _ := strings.Cut(s, ".")
	for _, n := range nums {
		if strconv.FormatFloat(n, 'f', len(decimals), 64) == s || n == want {
			return true
		}
	}
	return int(want) == c.age && strings.Contains(cited, `"resourcetype":"patient"`)
}

var reasons = []string{"annual physical", "diabetes follow-up", "hypertension", "chest pain", "post-op visit", "medication refill", "zzz", ""}

// TestTruth holds every fragment of every patient's summary, for every reason, to the record.
func TestTruth(t *testing.T) {
	fragments, clinical := 0, 0
	for i, p := range patients(t) {
		reason := reasons[i%len(reasons)]
		s, _, err := insights.Compose(t.Context(), p.input(reason))
		if err != nil {
			t.Fatal(err)
		}
		c := newTruth(t, p.resources, reason, s.Base.Patient.Age)
		for _, section := range s.Sections {
			for _, part := range section.Parts {
				for _, line := range part.Lines {
					for _, f := range line.Fragments {
						fragments++
						if len(f.Evidence) > 0 {
							clinical++
						}
						if faults := c.check(f); len(faults) > 0 {
							t.Errorf("patient %d, %s: %q: %v", i, part.Heading, f.Text, faults)
						}
					}
				}
			}
		}
		evidenceResolves(t, s, c)
	}
	t.Logf("%d fragments, %d of them with evidence", fragments, clinical)
}

// TestTruthFindsLies holds the checker to its purpose: it finds what is not in the resource cited.
func TestTruthFindsLies(t *testing.T) {
	drug := []byte(`{"resourceType":"MedicationRequest","id":"1","medicationCodeableConcept":{"text":"Lisinopril 10 MG Oral Tablet"},"authoredOn":"2019-04-05"}`)
	c := newTruth(t, [][]byte{drug}, "checkup", 50)
	for text, lie := range map[string]bool{
		"Lisinopril 10 MG Oral Tablet, since Apr 5, 2019.": false, "Lisinopril 20 MG Oral Tablet": true, "Losartan 10 MG Oral Tablet": true,
		"Lisinopril 10 MG Oral Tablet, since Apr 6, 2019": true, "Lisinopril 10 mL": true, "Lisinopril, since May 2019": true, "allergy to lisinopril": false,
	} {
		if got := len(c.check(render.Fragment{Text: text, Evidence: []string{"MedicationRequest/1"}})) > 0; got != lie {
			t.Errorf("%q: found %v, want %v", text, got, lie)
		}
	}
	if len(c.check(render.Fragment{Text: "Lisinopril", Evidence: []string{"MedicationRequest/2"}})) == 0 {
		t.Error("evidence that is not in the record was not found")
	}
}

// evidenceResolves checks the evidence of facts: resource and element.
func evidenceResolves(t *testing.T, s *render.Summary, c *truth) {
	t.Helper()
	var base struct {
		Facts any
	}
	if err := json.Unmarshal(s.Facts(), &base); err != nil {
		t.Fatal(err)
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			ref, _ := v["reference"].(string)
			path, _ := v["path"].(string)
			if path != "" {
				_, element, _ := strings.Cut(path, ".")
				element, _, _ = strings.Cut(element, "[")
				element, _, _ = strings.Cut(element, ".")
				if src := c.text[ref]; src == "" || !strings.Contains(src, `"`+element+`"`) {
					t.Errorf("evidence %s %s does not resolve", ref, path)
				}
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(base.Facts)
}

// TestRecall holds the lists of the first screen to the record: everything active, nothing else.
func TestRecall(t *testing.T) {
	told := map[string]int{}
	for i, p := range patients(t) {
		s, _, err := insights.Compose(t.Context(), p.input("annual physical"))
		if err != nil {
			t.Fatal(err)
		}
		for heading, want := range map[string]map[string]bool{
			"Chronic and Active Conditions": wanted(t, p, "Condition", "code", "clinicalStatus"),
			"Current Medications":           wanted(t, p, "MedicationRequest", "medicationCodeableConcept", "status"),
			"Allergies":                     wanted(t, p, "AllergyIntolerance", "code", "clinicalStatus"),
		} {
			got := strings.Builder{}
			lines := 0
			for _, part := range s.FirstScreen() {
				if part.Heading == heading {
					for j := range part.Lines {
						got.WriteString(part.Lines[j].Text() + "\n")
						lines += len(part.Lines[j].Fragments)
					}
				}
			}
			active := 0
			for name, isActive := range want {
				if has := strings.Contains(got.String(), name); isActive && !has {
					t.Errorf("patient %d: %s does not tell %q", i, heading, name)
				} else if isActive {
					active++
				}
			}
			told[heading] += active
			if lines != max(active, 1) {
				t.Errorf("patient %d: %s tells %d, want %d", i, heading, lines, active)
			}
		}
	}
	t.Logf("told: %v", told)
}

// wanted gives the names of a type's resources, and whether one of that name is active.
func wanted(t *testing.T, p patient, typ, name, status string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, src := range p.resources {
		var r map[string]any
		if !bytes.Contains(src[:60], []byte(`"`+typ+`"`)) {
			continue
		}
		if err := json.Unmarshal(src, &r); err != nil {
			t.Fatal(err)
		}
		text := r[name].(map[string]any)["text"].(string)
		if open := strings.LastIndex(text, " ("); open > 0 && regexp.MustCompile(`\((disorder|finding|situation)\)$`).MatchString(text) {
			text = text[:open]
		}
		state, _ := json.Marshal(r[status])
		out[text] = out[text] || bytes.Contains(state, []byte(`"active"`))
	}
	return out
}

// TestSince holds SINCE_LAST_VISIT to what is dated after the last visit, with visits cut away so that there is something.
func TestSince(t *testing.T) {
	lines := 0
	for i, p := range patients(t) {
		in := p.input("")
		var cut [][]byte
		for _, src := range p.resources {
			if !bytes.Contains(src[:60], []byte(`"Encounter"`)) || bytes.Contains(src, []byte(`"start":"2015`)) {
				cut = append(cut, src)
			}
		}
		in.Resources = cut
		s, _, err := insights.Compose(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if s.Base.LastVisit == nil {
			continue
		}
		last := s.Base.LastVisit.Over().String()[:10]
		for _, line := range s.Sections[1].Parts[0].Lines {
			if strings.HasPrefix(line.Text(), "Nothing is recorded") {
				continue
			}
			lines++
			for _, m := range dates.FindAllStringSubmatch(line.Text(), -1) {
				d, _ := strconv.Atoi(m[2])
				iso := fmt.Sprintf("%s-%02d-%02d", m[3], strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", m[1])/3+1, d)
				if iso < last {
					t.Errorf("patient %d: %q is before the last visit, %s", i, line.Text(), last)
				}
			}
		}
	}
	if lines == 0 {
		t.Error("nothing was told since any last visit")
	}
	t.Logf("%d lines", lines)
}

// TestTrends holds every trend to two dated values.
func TestTrends(t *testing.T) {
	trends := 0
	for i, p := range patients(t) {
		s, _, err := insights.Compose(t.Context(), p.input("hypertension"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range s.Sections[2].Parts[0].Lines {
			days := map[string]bool{}
			for _, d := range dates.FindAllString(line.Text(), -1) {
				days[d] = true
			}
			if line.Text() != "No trends to report" {
				trends++
				if len(days) < 2 {
					t.Errorf("patient %d: %q has values of %d days", i, line.Text(), len(days))
				}
			}
		}
	}
	t.Logf("%d trends", trends)
}

// TestFirstScreen holds the median first screen to 250 words.
func TestFirstScreen(t *testing.T) {
	var counts []int
	for _, p := range patients(t) {
		s, _, err := insights.Compose(t.Context(), p.input("annual physical"))
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, s.Words())
	}
	slices.Sort(counts)
	if got := counts[len(counts)/2]; got > 250 {
		t.Errorf("the median first screen has %d words, want 250 at most", got)
	}
	t.Logf("words: median %d, 90th of a hundred %d, most %d", counts[len(counts)/2], counts[len(counts)*9/10], counts[len(counts)-1])
}

// TestSameBytes: the same input gives the same files, and so do the same resources in another order.
func TestSameBytes(t *testing.T) {
	for _, p := range patients(t)[:20] {
		in := p.input("annual physical")
		want, err := (insights.Summariser{}).Summarise(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		in.Resources = slices.Clone(in.Resources)
		slices.Reverse(in.Resources)
		got, err := (insights.Summariser{}).Summarise(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want.Files {
			if !bytes.Equal(got.Files[i].Body, want.Files[i].Body) {
				t.Errorf("%s differs when the resources come in another order", want.Files[i].Name)
			}
		}
	}
}
