// SPDX-License-Identifier: Apache-2.0

package note

import (
	"regexp"
	"slices"
	"strings"
)

// plainWords are words of clinicians, and what everybody says instead.
const plainWords = `
hypertension = high blood pressure
hypertensive = high blood pressure
hypotension = low blood pressure
hyperlipidemia = high cholesterol
hypercholesterolemia = high cholesterol
hyperglycemia = high blood sugar
hypoglycemia = low blood sugar
diabetes mellitus = diabetes
myocardial infarction = heart attack
cerebrovascular accident = stroke
transient ischemic attack = mini-stroke
congestive heart failure = heart failure
coronary artery disease = clogged heart arteries
atrial fibrillation = uneven heartbeat (AFib)
arrhythmia = uneven heartbeat
palpitations = pounding heartbeats
edema = swelling
edematous = swollen
effusion = build-up of fluid
dyspnea = shortness of breath
shortness of breath = trouble with breathing
erythema = redness
erythematous = red
ecchymosis = bruising
hematoma = bruise
contusion = bruise
laceration = cut
abrasion = scrape
fracture = broken bone
fractures = broken bones
dislocation = joint out of place
hemoglobin a1c = blood sugar test (A1c)
echocardiogram = heart scan (echo)
electrocardiogram = heart tracing (EKG)
ekg = heart tracing (EKG)
ultrasound = sound wave scan
colonoscopy = scope test of the bowel (colonoscopy)
upper endoscopy = scope test of the stomach
endoscopy = scope test
biopsy = test of a small bit of tissue
urinalysis = urine test
urine culture = urine test for germs
metabolic panel = blood test
basic metabolic panel = blood test
complete blood count = blood count
lipid panel = cholesterol test
palpation = touch
bilateral = on both sides
bilaterally = on both sides
analgesics = pain drugs
analgesic = pain drug
anti-inflammatories = medicines that calm swelling
anti-inflammatory medication = medicine that calms swelling
anti-inflammatory medications = medicines that calm swelling
antibiotics = germ killers (antibiotics)
antibiotic = germ killer (antibiotic)
diuretic = water pill
benign = harmless
malignant = cancerous
malignancy = cancer
metastatic = cancer that has spread
carcinoma = cancer
chronic = long-term
acute = new
exacerbation = flare-up
renal = kidney
nephrolithiasis = kidney stones
hepatic = liver
cardiac = heart
cardiologist = heart doctor
cardiology = heart clinic
cardiovascular = heart and blood vessel
pulmonary = lung
pulmonologist = lung doctor
neurologist = nerve doctor
neurology = nerve clinic
nephrologist = kidney doctor
gastroenterologist = stomach doctor
gastrointestinal = stomach and bowel
dermatologist = skin doctor
ophthalmologist = eye doctor
hematologist = blood doctor
oncologist = cancer doctor
endocrinologist = hormone doctor
orthopedic = bone and joint
orthopedics = bone and joint clinic
rheumatologist = joint doctor
urologist = kidney and bladder doctor
nutritionist = diet expert
dietician = diet expert
dietitian = diet expert
anesthesia = drugs that make you sleep
physician = doctor
medications = medicines
medication = medicine
initiate = start
initiated = started
discontinue = stop
discontinued = stopped
administer = give
utilize = use
approximately = about
additional = more
additionally = also
currently = now
immediately = right away
frequently = often
occasionally = at times
occasional = at times
significantly = a lot
significant = big
sufficient = enough
demonstrates = shows
demonstrate = show
evaluate = check
evaluated = checked
evaluation = check
evaluation of = check of
examination = exam
physical examination = exam
monitoring = watching
monitor the = watch the
monitor for = watch for
elevated = high
alleviate = ease
relieve = ease
facilitate = help
appreciate = find
ambulate = walk
extremity = limb
extremities = limbs
lower extremities = legs
lower extremity = leg
upper extremities = arms
upper extremity = arm
abdomen = belly
abdominal = belly
lumbar = lower back
lumbar spine = lower back
cervical spine = neck
medial = inner
lateral = outer
inflammation = swelling
inflamed = swollen
inflammatory = swelling
abnormality = problem
abnormalities = problems
asymptomatic = without symptoms
etiology = cause
fatigue = feeling tired
nausea = feeling sick to the stomach
diarrhea = loose stools
constipation = hard stools
vertigo = spinning feeling
syncope = fainting
insomnia = poor sleep
anemia = low blood count (anemia)
iron deficiency anemia = low iron in the blood (anemia)
osteoarthritis = arthritis
neuropathy = nerve damage
radiculopathy = pinched nerve
pneumonia = lung infection
pharyngitis = sore throat
otitis media = ear infection
conjunctivitis = pink eye
dermatitis = skin rash
urinary tract infection = bladder infection
gastroesophageal reflux disease = acid reflux
gerd = acid reflux
esophagus = food pipe
respiratory = breathing
oxygen saturation = oxygen level
rehabilitation = rehab
consultation = visit
consult = visit
appointment = visit
strenuous activity = hard work
follow up with = see
follow up = come back
follow-up = check-up
followup = check-up
in the meantime = for now
at this time = now
as needed = when you need it
surgical intervention = surgery
intravenous = IV
vaccination = shot
immunization = shot
immunizations = shots
subsequent = later
prior to = before
prior = earlier
continue to = still
continue on = go on with
continue with = go on with
continue = go on with
etiologies = causes
`

// plainly finds the words, longest first, with an article before them.
var plainly = func() (list []struct {
	word *regexp.Regexp
	say  string
}) {
	lines := strings.Split(strings.TrimSpace(plainWords), "\n")
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Index(b, " = ") - strings.Index(a, " = ") })
	for _, line := range lines {
		clinical, say, _ := strings.Cut(line, " = ")
		list = append(list, struct {
			word *regexp.Regexp
			say  string
		}{regexp.MustCompile(`(?i)\b(?:(an?) )?` + regexp.QuoteMeta(clinical) + `\b`), say})
	}
	return list
}()

// simple puts clinical words into plain ones. What it puts in is not looked at again.
func simple(text string) string {
	text = strings.ReplaceAll(text, "\x00", "")
	var kept []string
	for _, p := range plainly {
		text = p.word.ReplaceAllStringFunc(text, func(m string) string {
			say := p.say
			if article, _, _ := strings.Cut(strings.ToLower(m), " "); article == "a" || article == "an" {
				if article = "a "; strings.ContainsRune("aeiou", rune(say[0])) {
					article = "an "
				}
				say = article + say
			}
			kept = append(kept, say)
			return "\x00" + string(rune(0xE000+len(kept)-1))
		})
	}
	for i, say := range kept {
		text = strings.ReplaceAll(text, "\x00"+string(rune(0xE000+i)), say)
	}
	return text
}
