// SPDX-License-Identifier: Apache-2.0

package module

import (
	"encoding/json"
	"fmt"
)

// transition compiles whichever kind of transition a state has.
func (c *compiler) transition(r *rawState) (t Transition, err error) {
	switch {
	case r.Direct != "":
		to, err := c.state(r.Direct)
		t.Branches = []Branch{{Ways: []Way{{To: to, P: 1, Attr: None}}}}
		return t, err
	case len(r.Chances) > 0:
		ways, err := c.ways(r.Chances)
		t.Branches = []Branch{{Ways: ways}}
		return t, err
	case len(r.Cases) > 0:
		t.Branches, err = c.branches(r.Cases)
	case len(r.Complex) > 0:
		t.Branches, err = c.branches(r.Complex)
	case len(r.Table) > 0:
		t.Table, err = c.table(r.Table)
	case len(r.Care) > 0:
		return c.care(r.Care)
	}
	return t, err
}

// branches compiles conditional and complex transitions.
func (c *compiler) branches(cases []rawCase) ([]Branch, error) {
	var out []Branch
	for i := range cases {
		one := &cases[i]
		var b Branch
		var err error
		if one.Condition != nil {
			if b.If, err = c.condition(one.Condition, 0); err != nil {
				return nil, err
			}
		}
		if len(one.Distributions) > 0 {
			b.Ways, err = c.ways(one.Distributions)
		} else {
			b.Ways, err = c.ways([]rawWay{{Transition: one.Transition}})
		}
		if err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, nil
}

func (c *compiler) ways(raw []rawWay) ([]Way, error) {
	var out []Way
	for _, r := range raw {
		w := Way{P: 1, Attr: None}
		var err error
		if w.To, err = c.state(r.Transition); err != nil {
			return nil, err
		}
		if len(r.Distribution) > 0 {
			var named struct {
				Attribute string  `json:"attribute"`
				Default   float64 `json:"default"`
			}
			if err := json.Unmarshal(r.Distribution, &w.P); err != nil {
				if err := json.Unmarshal(r.Distribution, &named); err != nil {
					return nil, fmt.Errorf("a distribution is neither a number nor an attribute with a default")
				}
				w.P, w.Attr = named.Default, c.attribute(named.Attribute)
			}
		}
		if w.P < 0 || w.P > 1 {
			return nil, fmt.Errorf("the probability %v is not within 0 and 1", w.P)
		}
		out = append(out, w)
	}
	return out, nil
}

// care compiles a choice between kinds of care: nine of ten are seen where they usually are.
func (c *compiler) care(raw map[string]string) (t Transition, err error) {
	shares := []Chance{{"ambulatory", 0.85}, {"emergency", 0.1}, {"telemedicine", 0.05}}
	var b Branch
	for _, s := range shares {
		name, ok := raw[s.Name]
		if !ok {
			continue
		}
		to, err := c.state(name)
		if err != nil {
			return t, err
		}
		b.Ways = append(b.Ways, Way{To: to, P: s.P, Attr: None})
	}
	if len(b.Ways) == 0 {
		return t, fmt.Errorf("type_of_care_transition has none of ambulatory, emergency and telemedicine")
	}
	t.Branches = []Branch{b}
	return t, nil
}
