// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"html/template"
	"strings"

	"galen/internal/insights/facts"
)

// The size of a chart, and how many values it has at most.
const (
	chartWidth, chartHeight, chartMargin = 220.0, 56.0, 6.0
	chartValues                          = 24
)

// chart draws a series of numbers over time, the latest to the right; values out of range are marked. It is empty for fewer
// than two values.
func chart(s *facts.Series) template.HTML {
	var list []*facts.Value
	for i := range s.Values {
		if v := &s.Values[i]; v.Numeric && len(list) < chartValues {
			list = append(list, v)
		}
	}
	if len(list) < 2 {
		return ""
	}
	newest, oldest := list[0], list[len(list)-1]
	from, span := float64(oldest.Date.Micros()), float64(newest.Date.Micros()-oldest.Date.Micros())
	low, high := newest.Number, newest.Number
	for _, v := range list {
		low, high = min(low, v.Number), max(high, v.Number)
		if v.Second != 0 {
			low = min(low, v.Second)
		}
	}
	if span == 0 {
		return ""
	}
	x := func(v *facts.Value) float64 {
		return chartMargin + (float64(v.Date.Micros())-from)/span*(chartWidth-2*chartMargin)
	}
	y := func(f float64) float64 {
		if high == low {
			return chartHeight / 2
		}
		return chartHeight - chartMargin - (f-low)/(high-low)*(chartHeight-2*chartMargin)
	}
	var b strings.Builder
	label := fmt.Sprintf("%s from %s to %s: first %s, latest %s", s.Text, oldest.Date.Text(), newest.Date.Text(), oldest.Text, newest.Text)
	fmt.Fprintf(&b, `<figure><svg viewBox="0 0 %g %g" role="img" aria-label="%s"><title>%s</title>`, chartWidth, chartHeight,
		template.HTMLEscapeString(label), template.HTMLEscapeString(label))
	curve(&b, list, x, func(v *facts.Value) float64 { return y(v.Number) })
	if newest.Second != 0 {
		curve(&b, list, x, func(v *facts.Value) float64 { return y(v.Second) })
	}
	fmt.Fprintf(&b, `</svg><figcaption><span>%s</span><span>%s</span></figcaption></figure>`, oldest.Date.Text(), newest.Date.Text())
	return template.HTML(b.String()) // only numbers and escaped text
}

// curve draws one line with its points.
func curve(b *strings.Builder, list []*facts.Value, x, y func(*facts.Value) float64) {
	b.WriteString(`<polyline points="`)
	for i := len(list) - 1; i >= 0; i-- {
		fmt.Fprintf(b, "%.1f,%.1f ", x(list[i]), y(list[i]))
	}
	b.WriteString(`"/>`)
	for i := len(list) - 1; i >= 0; i-- {
		class := ""
		if list[i].Flag.Out() {
			class = ` class="out"`
		}
		fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="2.6"%s><title>%s, %s</title></circle>`, x(list[i]), y(list[i]), class,
			template.HTMLEscapeString(list[i].Text), list[i].Date.Text())
	}
}
