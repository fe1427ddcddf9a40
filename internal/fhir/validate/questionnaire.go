// SPDX-License-Identifier: Apache-2.0

package validate

import (
	"fmt"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/pack"
)

// form is a check of a QuestionnaireResponse against its Questionnaire.
//
// http://hl7.org/fhir/R4/questionnaireresponse.html#notes
type form struct {
	*profileWalk
	response fhir.Node
	done     bool // the response states that it is complete
}

// response checks a QuestionnaireResponse against the Questionnaire that it names, if that is contained or in a package.
func (w *profileWalk) response(n fhir.Node) {
	q := w.named(n, "Questionnaire", n.Field("questionnaire"))
	if !q.Ok() {
		return
	}
	status := n.Field("status").Text()
	f := form{w, n, status == "completed" || status == "amended"}
	f.items(n, q, "item")
}

// named finds the resource that a canonical names: one that n contains or, parsed, one of a package; absent if it is neither,
// or of another type.
func (w *profileWalk) named(n fhir.Node, typ string, canonical fhir.Node) (found fhir.Node) {
	if canonical.Kind() != fhir.String {
		return
	}
	if id, ok := strings.CutPrefix(canonical.Text(), "#"); ok {
		for _, c := range n.Field("contained").Elements() {
			if c.Field("id").Is(id) {
				found = c
			}
		}
	} else if r := w.p.packages.Find(typ, canonical.Text()); r != nil {
		tape := new(fhir.Tape)
		if tape.Parse(r.JSON, fhir.Limits{Size: pack.MaxFile}) == nil {
			found = tape.Root()
		}
	}
	if fhir.Type(found) != typ {
		return fhir.Node{}
	}
	return found
}

// items checks the items of one level: those of an item, of an answer, or of the response.
func (f *form) items(parent, asked fhir.Node, more string) {
	if f.full() {
		return
	}
	f.depth++
	defer func() { f.depth-- }()
	given := map[string][]int{}
	questions := map[string]fhir.Node{}
	order := map[string]int{}
	for i, q := range asked.Field("item").Elements() {
		id := q.Field("linkId").Text()
		questions[id], order[id] = q, i
	}
	var nodes []fhir.Node
	last := 0
	for i, it := range parent.Field("item").Elements() {
		nodes = append(nodes, it)
		id := it.Field("linkId").Text()
		q, ok := questions[id]
		switch {
		case !ok:
			f.wrong(i, it, "linkId", "the Questionnaire has no item with this linkId here: remove the item, or put it where the Questionnaire has it")
			continue
		case order[id] < last:
			f.wrong(i, it, "", "this item comes after one that the Questionnaire has later: put the items in its order")
		}
		last = max(last, order[id])
		given[id] = append(given[id], i)
		f.enter(item{index: i}, &node{name: "item"})
		f.item(it, q)
		f.path = f.path[:len(f.path)-1]
	}
	for _, q := range asked.Field("item").Elements() {
		f.count(parent, q, nodes, given[q.Field("linkId").Text()])
	}
}

func (f *form) wrong(i int, at fhir.Node, more, text string) {
	f.path = append(f.path, step{name: "item", index: i})
	f.fail(at, Invariant, more, text)
	f.path = f.path[:len(f.path)-1]
}

// count checks how often a question is answered.
func (f *form) count(parent, q fhir.Node, nodes []fhir.Node, given []int) {
	typ, id := q.Field("type").Text(), plain(q.Field("linkId").Text())
	group := typ == "group"
	enabled := f.enabled(q)
	answers := 0
	for _, i := range given {
		if group && nodes[i].Field("item").Len() > 0 {
			answers++
		}
		answers += nodes[i].Field("answer").Len()
	}
	if len(given) > 1 && !(group && q.Field("repeats").Bool()) {
		f.wrong(given[1], nodes[given[1]], "", "there are two items with this linkId: keep one, with all answers")
	}
	if !enabled && answers > 0 {
		f.wrong(given[0], nodes[given[0]], "", "this question is not enabled by the answers that its enableWhen looks at: remove the item")
		return
	}
	if typ == "display" || !enabled {
		return
	}
	if !group && answers > 1 && !q.Field("repeats").Bool() {
		f.wrong(given[0], nodes[given[0]], "answer", "this question takes one answer: remove the others")
	}
	if q.Field("required").Bool() && answers == 0 && f.done {
		what := "the question " + id + " has no answer, and the Questionnaire requires one"
		if group {
			what = "the group " + id + " has no items, and the Questionnaire requires some"
		}
		f.fail(parent, Required, "item", what)
	}
	if n, ok := integer(extended(q, "questionnaire-minOccurs")); ok && answers < n && f.done {
		f.fail(parent, Required, "item", fmt.Sprintf("the question %s has %d answers: the Questionnaire asks for at least %d", id, answers, n))
	}
	if n, ok := integer(extended(q, "questionnaire-maxOccurs")); ok && answers > n {
		f.fail(parent, Structure, "item", fmt.Sprintf("the question %s has %d answers: the Questionnaire allows at most %d", id, answers, n))
	}
}

// item checks one item and what it holds.
func (f *form) item(it, q fhir.Node) {
	typ := q.Field("type").Text()
	answers := it.Field("answer")
	switch typ {
	case "group", "display", "question":
		if answers.Len() > 0 {
			f.fail(answers, Structure, "answer", "an item of type "+typ+" takes no answers: remove them")
		}
	default:
		if it.Field("item").Len() > 0 {
			f.fail(it.Field("item"), Structure, "item", "items below a question stand within its answer: move them there")
			return
		}
	}
	if typ == "group" || typ == "question" {
		f.items(it, q, "item")
		return
	}
	exclusive := false
	for i, a := range answers.Elements() {
		f.path = append(f.path, step{name: "answer", index: i})
		if f.answer(a, q, typ) && answers.Len() > 1 && !exclusive {
			exclusive = true
			f.fail(a, Invariant, "", "the Questionnaire allows no other answer beside this one: remove it or the others")
		}
		if q.Field("item").Len() > 0 || a.Field("item").Len() > 0 {
			f.items(a, q, "item")
		}
		f.path = f.path[:len(f.path)-1]
	}
}

// enabled evaluates enableWhen, and what enables the item beside it. A question that cannot be looked up counts as not answered.
func (f *form) enabled(q fhir.Node) bool {
	if !f.enabledByExpression(q) {
		return false
	}
	conditions := q.Field("enableWhen")
	if conditions.Len() == 0 {
		return true
	}
	all := q.Field("enableBehavior").Is("all")
	for _, c := range conditions.Elements() {
		holds := f.condition(c)
		if holds && !all {
			return true
		}
		if !holds && all {
			return false
		}
	}
	return all
}

func (f *form) condition(c fhir.Node) bool {
	var answers []fhir.Node
	f.find(f.response, c.Field("question").Text(), 0, &answers)
	want := valueOf(c, "answer")
	operator := c.Field("operator").Text()
	if operator == "exists" {
		return len(answers) > 0 == want.Bool()
	}
	for _, a := range answers {
		got := valueOf(a, "value")
		if same := sameAnswer(got, want); operator == "=" && same || operator == "!=" && !same {
			return true
		}
		over, under := outside(got, want, 1), outside(got, want, -1)
		switch {
		case operator == ">" && over, operator == "<" && under, operator == ">=" && !under && comparable(got, want), operator == "<=" && !over && comparable(got, want):
			return true
		}
	}
	return operator == "!=" && len(answers) == 0
}

// find collects the answers to a question wherever they stand.
func (f *form) find(n fhir.Node, linkID string, depth int, answers *[]fhir.Node) {
	if depth > maxProfileDepth || f.full() {
		return
	}
	for _, it := range n.Field("item").Elements() {
		for _, a := range it.Field("answer").Elements() {
			if it.Field("linkId").Is(linkID) {
				*answers = append(*answers, a)
			}
			f.find(a, linkID, depth+1, answers)
		}
		f.find(it, linkID, depth+1, answers)
	}
}

// extended is the value of an extension that FHIR defines; absent if there is none.
func extended(n fhir.Node, name string) fhir.Node {
	for _, e := range n.Field("extension").Elements() {
		if url := e.Field("url"); url.Kind() == fhir.String && strings.HasPrefix(url.Text(), "http://hl7.org/fhir/") && lastSegment(url.Text()) == name {
			return valueOf(e, "value")
		}
	}
	return fhir.Node{}
}

// valueOf is the member of a choice.
func valueOf(n fhir.Node, name string) fhir.Node {
	for m := n.First(); m.Ok(); m = m.Next() {
		if rest, ok := strings.CutPrefix(m.Name(), name); ok && rest != "" && rest[0] >= 'A' && rest[0] <= 'Z' {
			return m
		}
	}
	return fhir.Node{}
}
