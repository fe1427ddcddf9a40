// SPDX-License-Identifier: Apache-2.0

package life

import (
	"math"

	"galen/internal/fault"
	"galen/internal/synth/chance"
	"galen/internal/synth/module"
	"galen/internal/synth/people"
)

const (
	week      = 7 * 86400
	never     = math.MaxInt64
	maxMoves  = 20_000  // states that a machine may pass through without waiting
	maxRecord = 200_000 // entries in a life
)

// value is what an attribute of a person holds.
type value struct {
	kind   byte // 0 nothing, n number, t text, b truth, c code, e entry
	number float64
	text   string
	code   module.Code
	entry  ref
}

// ref is an entry of the record.
type ref struct {
	of    module.Type // the type of the state that made it; 0 for none
	index int
}

// machine is one module of one person.
type machine struct {
	module    *module.Module
	at        int
	entered   bool  // the state's beginning has been done
	clock     int64 // how far it has come
	wake      int64
	done      bool
	encounter int
	arrived   int     // the state that the encounter began in
	checkup   int     // the check-up that it was at last
	visited   []int64 // when each state was last entered; 0 never
	made      []ref   // what each state made last
	sub       *machine
}

// Runner makes lives.
type Runner struct {
	set      *module.Set
	machines []*machine
	subs     map[*module.Module]*machine
	named    names

	life         Life
	random       chance.Stream
	attributes   []value
	now          int64 // the step's time
	death        int64
	nextWellness int64
	wellness     int // the encounter of this step, or None
	latest       []latest
	err          error
}

// latest is the last result of an observation code.
type latest struct {
	code   string
	result Result
}

// names are the numbers of attributes that the runner itself uses.
type names struct {
	hypertension, diabetes, hyperlipidemia, kidney, smoker, pregnant, treated, controlled, alcohol int
}

// NewRunner makes a runner for a set of modules.
func NewRunner(set *module.Set) *Runner {
	r := &Runner{set: set, subs: map[*module.Module]*machine{}, attributes: make([]value, len(set.Attributes))}
	find := func(name string) int {
		for i, n := range set.Attributes {
			if n == name {
				return i
			}
		}
		return module.None
	}
	r.named = names{
		hypertension: find("hypertension"), diabetes: find("diabetes"), hyperlipidemia: find("hyperlipidemia"),
		kidney: find("ckd"), smoker: find("smoker"), pregnant: find("pregnant"), treated: find("blood_pressure_treated"),
		controlled: find("cholesterol_treated"), alcohol: find("alcoholic"),
	}
	for _, m := range set.Modules {
		r.machines = append(r.machines, newMachine(m))
	}
	return r
}

func newMachine(m *module.Module) *machine {
	return &machine{module: m, visited: make([]int64, len(m.States)), made: make([]ref, len(m.States))}
}

func (m *machine) reset(clock int64) {
	clear(m.visited)
	clear(m.made)
	m.at, m.entered, m.clock, m.wake, m.done, m.encounter, m.arrived, m.checkup, m.sub =
		m.module.Start, false, clock, clock, false, None, None, None, nil
}

// Run makes the life of a person up to now. The Life is good until the next call. It fails with fault.Invalid if a module
// goes in a circle without waiting.
func (r *Runner) Run(p people.Person, random chance.Stream, now int64) (*Life, error) {
	r.life.reset(p)
	r.random, r.err, r.latest = random, nil, r.latest[:0]
	clear(r.attributes)
	r.flag(r.named.smoker, p.Smoker)
	r.flag(r.named.alcohol, p.Alcohol)
	r.death, r.nextWellness = never, p.Birth
	if p.Death != 0 {
		r.death = p.Death
	}
	for _, m := range r.machines {
		m.reset(p.Birth)
	}
	for r.now = p.Birth; ; r.now += week {
		r.now = min(r.now, now)
		r.step()
		if r.err != nil {
			return nil, r.err
		}
		if r.now >= now || r.now > r.death {
			break
		}
	}
	r.life.End, r.life.Dead = now, false
	if r.death <= now {
		r.life.End, r.life.Dead = r.death, true
	}
	r.finish()
	return &r.life, nil
}

func (r *Runner) flag(attribute int, on bool) {
	if attribute != module.None && on {
		r.attributes[attribute] = value{kind: 'b', number: 1}
	}
}

// step goes on to the time now.
func (r *Runner) step() {
	r.wellness = None
	if r.now >= r.nextWellness {
		r.wellness = r.visit()
		r.nextWellness = r.now + int64(wellnessGap(r.life.Age(r.now))*r.random.Between(0.9, 1.25)*86400)
	}
	for _, m := range r.machines {
		if !m.done && m.wake <= r.now {
			r.move(m)
		}
	}
}

// wellnessGap is the time between check-ups in days: the periodicity of Bright Futures for children.
func wellnessGap(age float64) float64 {
	switch {
	case age < 0.08:
		return 30
	case age < 0.5:
		return 60
	case age < 1.5:
		return 90
	case age < 3:
		return 180
	case age < 19:
		return 365
	case age < 40:
		return 900
	case age < 50:
		return 700
	}
	return 365
}

// visit makes the encounter of a check-up.
func (r *Runner) visit() int {
	code := module.Code{System: "SNOMED-CT", Code: "162673000", Display: "General examination of patient (procedure)"}
	if r.life.Age(r.now) < 18 {
		code = module.Code{System: "SNOMED-CT", Code: "410620009", Display: "Well child visit (procedure)"}
	}
	start := r.now
	if r.life.Age(start) > 0.01 {
		start += int64(r.random.Int(9*3600)) - 4*3600
	}
	r.life.Encounters = append(r.life.Encounters, Encounter{
		Class: "wellness", Code: code, Start: start, Stop: start + 900 + int64(r.random.Int(1800)), Reason: None,
	})
	return len(r.life.Encounters) - 1
}

// move takes a machine through states until it waits.
func (r *Runner) move(m *machine) {
	for range maxMoves {
		if m.done || m.clock > r.death || m.clock > r.now || r.err != nil {
			m.wake = max(m.wake, m.clock)
			return
		}
		s := &m.module.States[m.at]
		if !m.entered {
			m.entered = true
			m.visited[m.at] = m.clock
			r.enter(m, s)
		}
		if !r.pass(m, s) {
			return
		}
		if s.Type == module.Terminal {
			m.done = true
			return
		}
		m.at, m.entered = r.next(m, &s.Next), false
		if len(r.life.Observations)+len(r.life.Encounters) > maxRecord {
			break
		}
	}
	r.err = fault.New(fault.Invalid, "module %s.json goes in a circle without waiting, through state %q",
		m.module.Name, m.module.States[m.at].Name)
}

// next draws the state that follows. If no branch holds the machine stays.
func (r *Runner) next(m *machine, t *module.Transition) int {
	if t.Table != nil {
		return r.lookUp(m, t.Table)
	}
	for i := range t.Branches {
		b := &t.Branches[i]
		if b.If != nil && !r.holds(m, b.If) {
			continue
		}
		return r.way(b.Ways, nil)
	}
	return m.at
}

// way draws one of some ways. The last takes what the others leave.
func (r *Runner) way(ways []module.Way, p []float64) int {
	if len(ways) == 1 {
		return ways[0].To
	}
	x := r.random.Float()
	for i := range ways {
		one := ways[i].P
		if p != nil {
			one = p[i]
		} else if a := ways[i].Attr; a != module.None && r.attributes[a].kind == 'n' {
			one = r.attributes[a].number
		}
		if x -= one; x < 0 {
			return ways[i].To
		}
	}
	return ways[len(ways)-1].To
}

// lookUp draws a way by the first row of a table that fits.
func (r *Runner) lookUp(m *machine, t *module.Table) int {
rows:
	for i := range t.Rows {
		for j, c := range t.Rows[i].Cells {
			if !c.Any && !r.fits(m, &t.Columns[j], &c) {
				continue rows
			}
		}
		return r.way(t.Ways, t.Rows[i].P)
	}
	return r.way(t.Ways, nil)
}

// fits reports whether the person has what a cell says.
func (r *Runner) fits(m *machine, col *module.Column, c *module.Cell) bool {
	p := &r.life.Person
	n, text := 0.0, ""
	switch col.Name {
	case "age":
		n = math.Floor(r.life.Age(m.clock))
	case "gender":
		text = sex(p)
	case "race":
		text = raceName(p)
	case "time":
		n = float64(m.clock) * 1000
	default:
		v := &r.attributes[col.Attribute]
		n, text = v.number, v.text
	}
	if c.Span {
		return n >= c.Low && n <= c.High
	}
	return text == c.Text
}

func sex(p *people.Person) string {
	if p.Female {
		return "F"
	}
	return "M"
}

func raceName(p *people.Person) string {
	if p.Hispanic {
		return "Hispanic"
	}
	return [...]string{"White", "Black", "Asian", "Native", "Hawaiian", "Other"}[p.Race]
}
