// SPDX-License-Identifier: Apache-2.0

package module

import "fmt"

// Test is what a Condition asks.
type Test uint8

// The tests.
const (
	True Test = iota + 1
	False
	And
	Or
	Not
	AtLeast
	AtMost
	Gender
	Age
	Date
	Socioeconomic
	Race
	SymptomIs
	ObservationIs
	VitalIs
	ActiveCondition
	ActiveMedication
	ActiveCarePlan
	ActiveAllergy
	PriorState
	AttributeIs
)

var tests = map[string]Test{
	"True": True, "False": False, "And": And, "Or": Or, "Not": Not, "At Least": AtLeast, "At Most": AtMost,
	"Gender": Gender, "Age": Age, "Date": Date, "Socioeconomic Status": Socioeconomic, "Race": Race,
	"Symptom": SymptomIs, "Observation": ObservationIs, "Vital Sign": VitalIs, "Active Condition": ActiveCondition,
	"Active Medication": ActiveMedication, "Active CarePlan": ActiveCarePlan, "Active Allergy": ActiveAllergy,
	"PriorState": PriorState, "Attribute": AttributeIs,
}

// Operator compares.
type Operator uint8

// The operators.
const (
	Equal Operator = iota + 1
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	IsNil
	IsNotNil
)

var operators = map[string]Operator{
	"==": Equal, "!=": NotEqual, "<": Less, "<=": LessEqual, ">": Greater, ">=": GreaterEqual,
	"is nil": IsNil, "is not nil": IsNotNil,
}

// Holds reports whether a compared with b satisfies the operator. It is false for those about nil.
func (o Operator) Holds(a, b float64) bool {
	switch o {
	case Equal:
		return a == b
	case NotEqual:
		return a != b
	case Less:
		return a < b
	case LessEqual:
		return a <= b
	case Greater:
		return a > b
	case GreaterEqual:
		return a >= b
	}
	return false
}

// Condition asks something about a person.
type Condition struct {
	Test      Test
	Op        Operator
	Number    float64 // to compare with; minimum or maximum of At Least and At Most
	Text      string  // gender M or F, race, socioeconomic category, or the text of an attribute
	IsText    bool
	IsBool    bool
	Seconds   float64 // of an age's unit, or of "within"
	Codes     []Code
	Attribute int
	State     int // PriorState
	Since     int // PriorState: not before this state was entered last
	Vital     string
	DateKind  byte  // y, m or d: what Number is: a year, a month, a moment in Unix seconds
	At        int64 // of DateKind d
	Of        []Condition
}

// condition compiles what a file says.
func (c *compiler) condition(r *rawCondition, depth int) (*Condition, error) {
	if r == nil {
		return nil, fmt.Errorf("there is no condition where one is needed")
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("conditions are nested deeper than %d", maxDepth)
	}
	t, ok := tests[r.Type]
	if !ok {
		return nil, fmt.Errorf("condition type %q is not known", r.Type)
	}
	out := &Condition{Test: t, Attribute: None, State: None, Since: None, Codes: r.Codes, Vital: r.VitalSign}
	if r.Operator != "" {
		if out.Op, ok = operators[r.Operator]; !ok {
			return nil, fmt.Errorf("operator %q is not known", r.Operator)
		}
	}
	if err := c.conditionOf(out, r, depth); err != nil {
		return nil, err
	}
	if needsOperator(t) && out.Op == 0 {
		return nil, fmt.Errorf("condition %q has no operator", r.Type)
	}
	return out, nil
}

func needsOperator(t Test) bool {
	switch t {
	case Age, Date, SymptomIs, ObservationIs, VitalIs, AttributeIs:
		return true
	}
	return false
}

// conditionOf fills in what the condition's test needs.
func (c *compiler) conditionOf(out *Condition, r *rawCondition, depth int) (err error) {
	switch out.Test {
	case And, Or, AtLeast, AtMost:
		for i := range r.Conditions {
			one, err := c.condition(&r.Conditions[i], depth+1)
			if err != nil {
				return err
			}
			out.Of = append(out.Of, *one)
		}
		out.Number = r.Minimum
		if out.Test == AtMost {
			out.Number = r.Maximum
		}
	case Not:
		one, err := c.condition(r.Condition, depth+1)
		if err != nil {
			return err
		}
		out.Of = []Condition{*one}
	case Gender:
		out.Text = r.Gender
	case Race:
		out.Text = r.Race
	case Socioeconomic:
		out.Text = r.Category
	case Age:
		out.Number = r.Quantity
		out.Seconds, err = seconds(r.Unit)
		return err
	case Date:
		return dateOf(out, r)
	case PriorState:
		return c.priorState(out, r)
	case SymptomIs:
		out.Attribute = c.attribute("symptom " + r.Symptom)
	case VitalIs:
		out.Attribute = c.attribute("vital " + r.VitalSign)
	case AttributeIs:
		out.Attribute = c.attribute(r.Attribute)
	case ObservationIs, ActiveCondition, ActiveMedication, ActiveCarePlan, ActiveAllergy:
		out.Attribute = c.attribute(r.ReferencedBy)
		if len(out.Codes) == 0 && out.Attribute == None {
			return fmt.Errorf("condition %q has neither codes nor an attribute", r.Type)
		}
	}
	return compared(out, r)
}

// compared fills in the value to compare with.
func compared(out *Condition, r *rawCondition) error {
	switch v := r.Value.(type) {
	case nil:
	case float64:
		out.Number = v
	case string:
		out.Text, out.IsText = v, true
	case bool:
		out.IsBool = true
		if v {
			out.Number = 1
		}
	default:
		if out.Op != IsNil && out.Op != IsNotNil {
			return fmt.Errorf("a value to compare with is neither a number, a text nor true or false")
		}
	}
	return nil
}

func (c *compiler) priorState(out *Condition, r *rawCondition) (err error) {
	if out.State, err = c.state(r.Name); err != nil {
		return err
	}
	if r.Since != "" {
		if out.Since, err = c.state(r.Since); err != nil {
			return err
		}
	}
	if r.Within != nil {
		s, err := seconds(r.Within.Unit)
		if err != nil {
			return err
		}
		out.Seconds = r.Within.Quantity * s
	}
	return nil
}

func dateOf(out *Condition, r *rawCondition) error {
	switch {
	case r.Year != 0:
		out.DateKind, out.Number = 'y', r.Year
	case r.Month != 0:
		out.DateKind, out.Number = 'm', r.Month
	case r.Date != nil:
		out.DateKind, out.At = 'd', r.Date.unix()
	default:
		return fmt.Errorf("condition \"Date\" has neither year, month nor date")
	}
	return nil
}
