// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"strings"

	"galen/internal/scribe/note/section"
)

// phase is what a clinician is doing, as a visit goes on.
type phase uint8

const (
	talking phase = iota
	examining
	reviewing // results
	planning
)

var (
	beginsExam    = regexp.MustCompile(`(?i)\b(physical exam\w*|on exam|on your exam|your exam|quick exam|examine you|take a (quick )?(look|listen)|have a look|listen to (your|you)|hop up|on (your )?\w+ exam|if i (press|push|bend)|does (that|it) hurt)\b`)
	beginsResults = regexp.MustCompile(`(?i)\b(results?|x-?rays?|your (labs?|blood ?work|ct|mri|ekg|echo\w*|ultrasound)|lab work|look at (your|the|some)|reviewing|reviewed (your|the))\b`)
	beginsPlan    = regexp.MustCompile(`(?i)\b(assessment|my (plan|impression|recommendation)|in summary|plan for you|first problem|for your (first|second|third|next)|treatment plan|going to (prescribe|order|refer|start|put you|get you|have you|send|recommend|continue|increase|decrease)|i('d| would) like (to|you)|i want (to|you) |let's (get|go ahead|do|start|try|continue|order|increase)|we'll (get|do|start|order|have|see)|i'll (order|send|write|prescribe|put|refer|start)|i (recommend|suggest)|follow[- ]?up|come back|return to|refer(ral)?)\b`)
	concludes     = regexp.MustCompile(`(?i)\b(diagnos\w+|consistent with|i think (you|this|that|it)|looks like you|sounds like you|you (probably |likely |do )?have (a|an|some)\b|suspect|concerned (about|for)|likely|impression|due to|caused by|sprain|strain|stable|well[- ]controlled|under control|doing well|exacerbation|flare)\b`)
	examWords     = regexp.MustCompile(`(?i)\b(tender\w*|palpation|murmur|lungs?|clear|edema|swelling|range of motion|heart (sounds|rate|exam)|regular rate|reflexes|straight leg|sensation|strength|bruising|erythema|abdomen|soft|guarding|distend\w*|pulses?|gait|neck|bruits?|crackles?|rales|wheez\w*|rhonchi|pupils?|throat|ears?|skin|rash|incision|flexion|extension|pitting|lymph\w*|vitals?|blood pressure|oxygen|temperature)\b`)
	familyWords   = regexp.MustCompile(`(?i)\b(mother|father|mom|dad|brother|sister|grandmother|grandfather|aunt|uncle|family history|runs in (the|my|your) family)\b`)
	socialWords   = regexp.MustCompile(`(?i)\b(smok\w+|alcohol|drink(ing|s)? (a|some|beer|wine|any|on)|beer|wine|drugs?|marijuana|tobacco|cigarettes?|work(s|ed|ing)? (as|at|in|for)|job|retired|married|lives? (with|alone|in)|occupation)\b`)
	testWords     = regexp.MustCompile(`(?i)\b(x-?rays?|ct|mri|ekg|ecg|echocardiogram|ultrasound|a1c|hemoglobin|creatinine|white blood cell|cholesterol|ldl|troponin|urinalysis|culture|biopsy|labs?|blood ?work|ejection fraction|glucose|potassium|level|results?|normal|elevated)\b`)
	orders        = regexp.MustCompile(`(?i)\b(prescrib\w+|order|refer|referral|start (you|him|her|them)|put (you|him|her|them) on|increase|decrease|continue|milligrams?|mg|schedule|send|brace|splint|come back|follow[- ]?up|want (you|him|her|them) to|recommend|physical therapy|avoid|take (it|this|that|one))\b`)
	finding       = regexp.MustCompile(`(?i)^(on|upon) (my |your |his |her |their |the patient's |the )?(\w+ )?(physical )?exam\w*\b|\b(exam|examination|testing) (is|was|shows|reveals)\b|\b(your|his|her|their|the patient's) (blood pressure|vitals?|vital signs)\b.*\b(today|here|office|good|fine|normal|elevated|high|over)\b|\b(intact|equal and reactive|alert|oriented|nondistended|murmurs?|crackles|bruit|distention|thyromegaly|adenopathy)\b`)
	endorses      = regexp.MustCompile(`(?i)\b(review of systems|endors(ed|ing))\b`)
	judges        = regexp.MustCompile(`(?i)\b(i think (you|he|she|they|the patient) (have|has|probably|likely|might|may)|consistent with|diagnosis (is|would be|will be)|you've got|in summary)\b`)
	introduces    = regexp.MustCompile(`(?i)\b(\d+|[a-z]+)[- ](year|month|week|day)s?[- ]old\b|\b(is here|presents?|comes? in|here (today )?(for|with)|came in)\b`)
)

// place puts each statement into a part of the note.
func place(list []statement) {
	now := talking
	for i := range list {
		s := &list[i]
		if s.clinician && !s.answered {
			now = next(now, s)
		}
		if s.place == "" {
			s.place = s.where(now)
		}
	}
}

// next is the phase that a clinician's sentence begins, or goes on with.
func next(now phase, s *statement) phase {
	switch {
	case beginsPlan.MatchString(s.source) && s.at > 0.35:
		return planning
	case now == planning && s.at > 0.6 && !beginsExam.MatchString(s.source):
		return planning
	case beginsExam.MatchString(s.source) && s.at > 0.15:
		return examining
	case beginsResults.MatchString(s.source) && s.at > 0.2:
		return reviewing
	}
	return now
}

// where is the part that a statement belongs to.
func (s *statement) where(now phase) string {
	if s.clinician && !s.answered {
		return s.whereTold(now)
	}
	switch {
	case familyWords.MatchString(s.source):
		return pastFamily
	case socialWords.MatchString(s.source):
		return pastSocial
	case s.answered && s.denied && now != planning:
		return reviewOfSystems
	}
	best, lead := section.Of([]section.Turn{{Clinician: true, Text: question(s.source)}, {Text: s.text}})
	if lead < decided {
		return presentIllness
	}
	switch best {
	case section.PastMedical, section.PastSurgical, section.Allergies, section.Medications, section.Immunizations, section.Gynecologic, section.Other:
		return pastMedical
	case section.ReviewOfSystems:
		return reviewOfSystems
	}
	return presentIllness
}

func question(source string) string {
	q, _, ok := strings.Cut(source, "?")
	if !ok {
		return ""
	}
	return q
}

// decided is how far the best section must stand before the next to be believed for so short a passage.
const decided = 0.25

// whereTold is the part that a clinician's sentence belongs to.
func (s *statement) whereTold(now phase) string {
	switch {
	case introduces.MatchString(s.source) && s.at < 0.3:
		return presentIllness
	case endorses.MatchString(s.source):
		return reviewOfSystems
	case s.at > 0.15 && finding.MatchString(s.source) && !orders.MatchString(s.source) && !judges.MatchString(s.source):
		return physicalExam
	case now == planning && concludes.MatchString(s.source) && (!beginsPlan.MatchString(s.source) || judges.MatchString(s.source) && !orders.MatchString(s.source)):
		return assessment
	case now == planning:
		return plan
	case now == reviewing && testWords.MatchString(s.source):
		return diagnostics
	case now == examining && examWords.MatchString(s.source):
		return physicalExam
	case concludes.MatchString(s.source) && s.at > 0.5:
		return assessment
	case s.at < 0.5:
		return presentIllness
	case testWords.MatchString(s.source):
		return diagnostics
	case examWords.MatchString(s.source):
		return physicalExam
	}
	return plan
}
