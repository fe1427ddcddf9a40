// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"galen/internal/authz"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/interaction"
	"galen/internal/record"
	"galen/internal/search"
)

// statsOperation gives statistics of a subject's numeric observations of each code that is asked for.
//
// http://hl7.org/fhir/R4/observation-operation-stats.html
func statsOperation() Operation {
	return Operation{
		Name: "stats", Definition: "http://hl7.org/fhir/OperationDefinition/Observation-stats",
		Levels: OnType, Types: []string{"Observation"},
		Params: []Param{{Name: "subject", Type: "uri", Min: 1}, {Name: "code", Type: "string", Many: true}, {Name: "system", Type: "uri"},
			{Name: "coding", Type: "Coding", Many: true}, {Name: "duration", Type: "decimal"}, {Name: "period", Type: "Period"},
			{Name: "statistic", Type: "code", Min: 1, Many: true}, {Name: "include", Type: "boolean"}, {Name: "limit", Type: "positiveInt"}},
		serve: serveStats,
	}
}

// sample is the values of one code, sorted.
type sample struct {
	system, code string
	values       []float64
	others       int // observations without a number
	unit         []byte
	unitCode     string
	low, high    int64
	sources      docset.Set
}

func serveStats(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	p := c.Parameters
	subject := p.Text("subject")
	if key, ok := fhir.ParseKey(strings.TrimPrefix(subject, c.Caller.Base+"/")); !ok || key.ID == "" {
		return interaction.Reply{}, fault.New(fault.Invalid, "the parameter is a reference, such as Patient/123").WithCode("value").At("subject")
	}
	wanted, err := statNames(p)
	if err != nil {
		return interaction.Reply{}, err
	}
	codings, err := statCodings(p)
	if err != nil {
		return interaction.Reply{}, err
	}
	dates, err := statDates(p)
	if err != nil {
		return interaction.Reply{}, err
	}
	limit := maxLast
	if n, err := strconv.Atoi(p.Text("limit")); err == nil && n > 0 {
		limit = min(n, maxLast)
	}
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, c.Key)
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	var a answer
	var sources whole
	for _, coding := range codings {
		pairs := append([]search.Pair{{Name: "subject", Value: escape(subject)}, {Name: "code", Value: coding.value()}}, dates...)
		one, err := s.sampleOf(ctx, view, coding, pairs)
		if err != nil {
			return interaction.Reply{}, err
		}
		a.raw("statistics", "resource", one.observation(subject, wanted))
		if p.Text("include") != "true" {
			continue
		}
		for some := range some(one.sources, 256) {
			if some = some[:min(len(some), limit)]; len(some) == 0 {
				break
			}
			limit -= len(some)
			had := len(sources.versions)
			if err := sources.read(ctx, view, observationType(), some); err != nil {
				return interaction.Reply{}, err
			}
			for _, v := range sources.versions[had:] {
				a.raw("source", "resource", v.Body)
			}
		}
	}
	return a.reply(), nil
}

// statNames lists the statistics that are asked for.
func statNames(p Parameters) (names []string, err error) {
	for _, text := range p.Texts("statistic") {
		for name := range strings.SplitSeq(text, ",") {
			if statistics[name] == nil {
				return nil, fault.New(fault.Unsupported, "there is no such statistic here").WithCode("not-supported").At("statistic")
			}
			names = append(names, name)
		}
	}
	return names, nil
}

// statCoding is a code that is asked for; the system may be empty.
type statCoding struct{ system, code string }

func (c statCoding) value() string {
	if c.system == "" {
		return escape(c.code)
	}
	return escape(c.system) + "|" + escape(c.code)
}

func statCodings(p Parameters) (list []statCoding, err error) {
	system := p.Text("system")
	for _, text := range p.Texts("code") {
		for code := range strings.SplitSeq(text, ",") {
			if of, code, ok := strings.Cut(code, "|"); ok {
				list = append(list, statCoding{of, code})
			} else {
				list = append(list, statCoding{system, of})
			}
		}
	}
	for _, n := range p.All("coding") {
		v := Value(n)
		list = append(list, statCoding{strings.Clone(v.Field("system").Text()), strings.Clone(v.Field("code").Text())})
	}
	list = slices.DeleteFunc(list, func(c statCoding) bool { return c.code == "" })
	switch {
	case len(list) == 0:
		return nil, fault.New(fault.Invalid, "$stats needs the parameter code or coding").WithCode("required").At("code")
	case len(list) > 50:
		return nil, fault.New(fault.TooCostly, "more than 50 codes at once").At("code")
	}
	return list, nil
}

// statDates reads duration (hours up to now) or period.
func statDates(p Parameters) (pairs []search.Pair, err error) {
	period := Value(p.One("period"))
	if text := p.Text("duration"); text != "" {
		hours, err := strconv.ParseFloat(text, 64)
		if err != nil || hours <= 0 || hours > 1e6 || period.Ok() {
			return nil, fault.New(fault.Invalid, "the duration is a number of hours, and goes without a period").WithCode("value").At("duration")
		}
		since := time.Now().Add(-time.Duration(hours * float64(time.Hour)))
		return []search.Pair{{Name: "date", Value: "ge" + string(fhir.AppendInstant(nil, since))}}, nil
	}
	for name, prefix := range map[string]string{"start": "ge", "end": "le"} {
		if text := period.Field(name).Text(); text != "" {
			pairs = append(pairs, search.Pair{Name: "date", Value: prefix + strings.Clone(text)})
		}
	}
	return pairs, nil
}

// sampleOf reads the values that a search finds. It fails with fault.Unprocessable if they have different units.
func (s *Service) sampleOf(ctx context.Context, view *record.View, c statCoding, pairs []search.Pair) (*sample, error) {
	found, err := numbers(ctx, s.interactions.Planner(), view, "Observation", pairs...)
	if err != nil {
		return nil, err
	}
	one := &sample{system: c.system, code: c.code, low: math.MaxInt64, high: math.MinInt64, sources: found}
	mixed := false
	err = s.eachObservation(ctx, view, found, func(_ uint32, o fhir.Node) {
		q := o.Field("valueQuantity")
		v, err := strconv.ParseFloat(q.Field("value").Number(), 64)
		if i := o.Field("valueInteger"); i.Ok() {
			v, err = strconv.ParseFloat(i.Number(), 64)
		}
		if err != nil || math.IsInf(v, 0) {
			one.others++
			return
		}
		unit := q.Field("system").Text() + "|" + q.Field("code").Text()
		if unit == "|" {
			unit = q.Field("unit").Text()
		}
		if len(one.values) == 0 {
			one.unitCode, one.unit = unit, appendUnit(nil, q)
		}
		mixed = mixed || unit != one.unitCode
		one.values = append(one.values, v)
		if at := observedAt(o); at > -1<<61 {
			one.low, one.high = min(one.low, at), max(one.high, at)
		}
	})
	if mixed {
		err = fault.New(fault.Unprocessable, "the observations have different units")
	}
	slices.Sort(one.values)
	return one, err
}

// appendUnit adds the members of a quantity that say its unit, each after a comma.
func appendUnit(dst []byte, q fhir.Node) []byte {
	for _, name := range []string{"unit", "system", "code"} {
		if m := q.Field(name); m.Ok() {
			dst = append(append(dst, `,"`+name+`":`...), m.Raw()...)
		}
	}
	return dst
}

// observation is the Observation that carries the statistics.
func (s *sample) observation(subject string, wanted []string) []byte {
	code := append([]byte(`{"coding":[{`), ""...)
	if s.system != "" {
		code = append(fhir.AppendString(append(code, `"system":`...), s.system), ',')
	}
	code = append(fhir.AppendString(append(code, `"code":`...), s.code), `}]}`...)
	b := append([]byte(`{"resourceType":"Observation","status":"final","code":`), code...)
	b = append(fhir.AppendString(append(b, `,"subject":{"reference":`...), subject), '}')
	if s.low <= s.high {
		b = append(b, `,"effectivePeriod":{"start":"`...)
		b = append(fhir.AppendInstant(b, time.UnixMicro(s.low)), `","end":"`...)
		b = append(fhir.AppendInstant(b, time.UnixMicro(s.high)), `"}`...)
	}
	b = append(b, `,"component":[`...)
	for i, name := range wanted {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"code":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-statistics","code":"`+name+`"}]},`...)
		v, ok := statistics[name](s)
		switch {
		case !ok || math.IsNaN(v) || math.IsInf(v, 0):
			b = append(b, `"dataAbsentReason":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason","code":"not-applicable"}]}}`...)
			continue
		case name == "count" || name == "total-count":
			b = strconv.AppendInt(append(b, `"valueQuantity":{"value":`...), int64(v), 10)
		default:
			b = strconv.AppendFloat(append(b, `"valueQuantity":{"value":`...), v, 'g', 12, 64)
			if name != "skew" && name != "kurtosis" && name != "variance" { // those have no unit of their own here
				b = append(b, s.unit...)
			}
		}
		b = append(b, `}}`...)
	}
	return append(b, `]}`...)
}
