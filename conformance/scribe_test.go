// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"galen/internal/api/scribe/scribetest"
	"galen/internal/scribe/audio"
)

// clinic is a domain with a subscription, and a bucket for its notes.
type clinic struct {
	*server
	t                    *testing.T
	domain, subscription string
	keys                 aws.Credentials
	socket               bool // visits come over a WebSocket, not HTTP/2
}

func newClinic(t *testing.T, s *server) *clinic {
	t.Helper()
	c := &clinic{server: s, t: t}
	var made struct{ DomainID, SubscriptionID string }
	c.agent(http.MethodPost, "/domain", `{"name":"clinic"}`, &made)
	c.domain = made.DomainID
	c.agent(http.MethodPost, "/domains/"+c.domain+"/subscriptions", "", &made)
	c.subscription = made.SubscriptionID
	if _, err := s.s3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("notes")}); err != nil {
		t.Fatal(err)
	}
	return c
}

// agent calls an operation of Connect Health, signed by AWS's signer.
func (c *clinic) agent(method, path, body string, into any) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if c.keys, err = c.aws.Credentials.Retrieve(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(c.t.Context(), c.keys, r, hex.EncodeToString(sum[:]), "health-agent", region, time.Now()); err != nil {
		c.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode < 300 {
		err = json.Unmarshal(answer, into)
	}
	if err != nil || resp.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s %s %v", method, path, resp.Status, answer, err)
	}
}

// configuration is of two channels.
const configuration = `{"postStreamActionSettings":{"outputS3Uri":"s3://notes/out","clinicalNoteGenerationSettings":{"noteTemplateSettings":` +
	`{"managedTemplate":{"templateType":"HISTORY_AND_PHYSICAL"}}},"medicalCodeGenerationSettings":{"enabled":true}},` +
	`"encounterContext":{"medicalCodingContext":{"sex":"FEMALE","encounterDate":"2021-03-04"}},"channelDefinitions":[{"channelId":0,"participantRole":"CLINICIAN"},{"channelId":1,"participantRole":"PATIENT"}]}`

// connect asks for a stream of a session; pairs of name and value replace what the client says of it.
func (c *clinic) connect(session string, pairs ...string) *scribetest.Stream {
	c.t.Helper()
	said := map[string]string{"session-id": session, "domain-id": c.domain, "subscription-id": c.subscription, "language-code": "en-US", "sample-rate": "16000", "media-encoding": "pcm"}
	for pair := range slices.Chunk(pairs, 2) {
		said[pair[0]] = pair[1]
	}
	if c.socket {
		return scribetest.Dial(c.t, c.url+"/medical-scribe-stream-websocket", c.keys, said, nil)
	}
	return scribetest.Connect(c.t, scribetest.Client(c.t), c.url+"/medical-scribe-stream/", c.keys, said, nil)
}

// visit begins or resumes a session of two channels of PCM and configures it.
func (c *clinic) visit(session string) *scribetest.Stream {
	c.t.Helper()
	x := c.connect(session)
	if x.Response.StatusCode >= 300 || !c.socket && x.Response.Header.Get("x-amzn-request-id") == "" {
		c.t.Fatalf("the stream is refused: %s %v", x.Response.Status, x.Response.Header)
	}
	if err := x.JSON("configurationEvent", configuration); err != nil {
		c.t.Fatal(err)
	}
	return x
}

// details are what the tests look at in a session.
type details struct {
	MedicalScribeListeningSessionDetails struct {
		StreamStatus           string
		PostStreamActionResult struct {
			ClinicalNoteGenerationResult struct {
				NoteResult, TranscriptResult, AfterVisitSummaryResult struct{ OutputLocation, Status, FailureReason string }
			}
			MedicalCodeGenerationResult struct {
				MedicalCodesResult struct{ OutputLocation, Status, FailureReason string }
			}
		}
	}
}

func (c *clinic) details(session string) (d details) {
	c.t.Helper()
	c.agent(http.MethodGet, "/medical-scribe-stream/domain/"+c.domain+"/subscription/"+c.subscription+"/session/"+session, "", &d)
	return d
}

// documents waits for the documents of a session and gives the transcript's contents and the note.
func (c *clinic) documents(session string) (said []string, note string) {
	c.t.Helper()
	for {
		d := c.details(session).MedicalScribeListeningSessionDetails
		r := d.PostStreamActionResult.ClinicalNoteGenerationResult
		if r.NoteResult.Status == "IN_PROGRESS" || r.TranscriptResult.Status == "IN_PROGRESS" || r.AfterVisitSummaryResult.Status == "IN_PROGRESS" ||
			d.PostStreamActionResult.MedicalCodeGenerationResult.MedicalCodesResult.Status == "IN_PROGRESS" {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if d.StreamStatus != "COMPLETED" || r.NoteResult.Status != "COMPLETED" || r.TranscriptResult.Status != "COMPLETED" || r.AfterVisitSummaryResult.Status != "COMPLETED" {
			c.t.Fatalf("the session is %+v", d)
		}
		var transcript struct {
			Conversation struct{ TranscriptSegments []struct{ Content string } }
		}
		if err := json.Unmarshal(c.object(r.TranscriptResult.OutputLocation), &transcript); err != nil {
			c.t.Fatal(err)
		}
		for _, s := range transcript.Conversation.TranscriptSegments {
			said = append(said, s.Content)
		}
		return said, string(c.object(r.NoteResult.OutputLocation))
	}
}

func (c *clinic) object(uri string) []byte {
	c.t.Helper()
	bucket, key, _ := strings.Cut(strings.TrimPrefix(uri, "s3://"), "/")
	got, err := c.s3().GetObject(c.t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		c.t.Fatalf("%s: %v", uri, err)
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return body
}

// script is a visit of one turn a second, the clinician's and the patient's by turns.
var script = []string{"so ms. thompson is a 43 year old female here for right knee pain.", "yes it hurts on the inside.", "any fever or chills?", "no.", "do you smoke?",
	"i smoke a pack a day.", "on exam you have tenderness over the medial meniscus.", "okay.", "i'm going to prescribe meloxicam 15 milligrams once a day.", "thank you."}

func writeScript(t *testing.T) string {
	t.Helper()
	var turns []map[string]any
	for i, text := range script {
		turns = append(turns, map[string]any{"channel": i % 2, "start": float64(i), "end": float64(i) + 0.9, "text": text})
	}
	body, err := json.Marshal(map[string]any{"turns": turns})
	path := filepath.Join(t.TempDir(), "script.json")
	if err == nil {
		err = os.WriteFile(path, body, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// silence sends seconds of two silent channels, until the server is gone.
func silence(x *scribetest.Stream, seconds float64) {
	for i := range int(seconds * 4) {
		if x.Audio(make([]byte, 2*2*4000), i%2 == 1) != nil {
			return
		}
	}
}

// TestVisitIsHeardAndWrittenDown kills the server in the middle of a visit, resumes and ends it: every final segment is in the
// transcript once, and the note says what was said.
func TestVisitIsHeardAndWrittenDown(t *testing.T) {
	t.Run("HTTP/2", func(t *testing.T) { visitWithDeaths(t, false) })
	t.Run("WebSocket", func(t *testing.T) { visitWithDeaths(t, true) })
}

func visitWithDeaths(t *testing.T, socket bool) {
	s := newServer(t, "--recogniser", "replay:"+writeScript(t))
	c := newClinic(t, s)
	c.socket = socket
	const session = "0b5c1a52-3f6e-4b8a-9d0e-1f2a3b4c5d6e"
	for range 2 {
		x := c.visit(session)
		silence(x, 3.5)
		for e := range x.Events { // until something was heard
			if strings.Contains(string(e.Payload), `"isPartial":false`) {
				break
			}
		}
		s.kill()
		s.start()
		if got := c.details(session).MedicalScribeListeningSessionDetails.StreamStatus; got != "PAUSED" {
			t.Errorf("after a death the session is %s", got)
		}
	}
	x := c.visit(session)
	silence(x, 9) // what the deaths cut off is said again
	if err := x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`); err != nil {
		t.Error(err)
	}
	if !socket { // there END_OF_SESSION is the end
		x.End()
	}
	if _, last := x.Finals(); last.Type != "" {
		t.Errorf("the stream ended with %+v", last)
	}
	said, note := c.documents(session)
	if !slices.Equal(said, script) {
		t.Errorf("the transcript is %q", said)
	}
	for _, want := range []string{"Right knee pain.", "Denies fever or chills.", "She smokes a pack a day.", "We will prescribe meloxicam 15 milligrams once a day."} {
		if !strings.Contains(note, want) {
			t.Errorf("the note lacks %q: %s", want, note)
		}
	}
}

// TestVisitIsCoded has the codes of a visit's note made: without the classification, then with it.
func TestVisitIsCoded(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script.json")
	if err := os.WriteFile(script, []byte(`{"turns":[{"channel":0,"start":0,"end":0.9,"text":"so mrs. cooper is a 60 year old female here for right knee pain."},`+
		`{"channel":1,"start":1,"end":1.9,"text":"yes it hurts."},{"channel":0,"start":2,"end":2.9,"text":"so for my assessment and plan, you have hypertension which is stable."},`+
		`{"channel":1,"start":3,"end":3.9,"text":"okay."}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newServer(t, "--recogniser", "replay:"+script)
	c := newClinic(t, s)
	for session, want := range []string{"FAILED", "COMPLETED"} {
		id := fmt.Sprintf("2b5c1a52-3f6e-4b8a-9d0e-%012d", session)
		x := c.visit(id)
		silence(x, 4)
		if err := x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`); err != nil {
			t.Error(err)
		}
		x.End()
		if _, last := x.Finals(); last.Type != "" {
			t.Errorf("the stream ended with %+v", last)
		}
		c.documents(id)
		got := c.details(id).MedicalScribeListeningSessionDetails.PostStreamActionResult.MedicalCodeGenerationResult.MedicalCodesResult
		if got.Status != want || want == "FAILED" && !strings.Contains(got.FailureReason, "galen terminology add icd-10-cm") {
			t.Fatalf("the codes are %+v, want %s", got, want)
		}
		if want == "FAILED" {
			s.kill()
			order := filepath.Join("..", "internal", "coding", "icd10", "testdata", "order.txt")
			if out, err := exec.CommandContext(t.Context(), os.Getenv("GALEN_BIN"), "terminology", "add", "icd-10-cm", order, "--version", "2021", "--data", s.data).CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			s.start()
			continue
		}
		note := c.object(strings.Replace(got.OutputLocation, "medical-codes/medicalCodes.json", "clinical-notes/note.md", 1))
		checkCodes(t, c.object(got.OutputLocation), []rune(string(note)))
	}
}

// checkCodes finds hypertension alone, where the note says it.
func checkCodes(t *testing.T, file []byte, note []rune) {
	t.Helper()
	var got struct {
		MedicalCodes []struct {
			Name     string
			Evidence []struct {
				Text                   string
				StartOffset, EndOffset int
			}
		}
	}
	if err := json.Unmarshal(file, &got); err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, 1)
	for _, code := range got.MedicalCodes {
		names = append(names, code.Name)
		for _, e := range code.Evidence {
			if e.EndOffset > len(note) || string(note[e.StartOffset:e.EndOffset]) != e.Text {
				t.Errorf("%s: %+v is not there in the note %q", code.Name, e, string(note))
			}
		}
	}
	if !slices.Contains(names, "I10") || len(got.MedicalCodes[slices.Index(names, "I10")].Evidence) == 0 {
		t.Errorf("the codes are %s", file)
	}
}

// TestRealRecogniser streams synthesised speech of two channels as FLAC to pocketsphinx, and counts the words that are wrong.
func TestRealRecogniser(t *testing.T) {
	if _, err := exec.LookPath("pocketsphinx_continuous"); err != nil {
		t.Skip("pocketsphinx is not installed")
	}
	folder := filepath.Join("..", "..", "shared", "data", "speech", "consult")
	speech, err := os.ReadFile(filepath.Join(folder, "D2N068_flite_rms_slt_stereo.flac"))
	if err != nil {
		t.Skip("the speech data is not here: ", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "D2N068_flite_rms_slt.json"))
	if err != nil {
		t.Fatal(err)
	}
	var truth struct {
		Turns []struct {
			End  float64
			Text string
		}
	}
	if err := json.Unmarshal(text, &truth); err != nil {
		t.Fatal(err)
	}
	const seconds = 60 // of the visit
	var want []string
	for _, turn := range truth.Turns {
		if turn.End < seconds {
			want = append(want, plainWords(turn.Text)...)
		}
	}
	c := newClinic(t, newServer(t, "--recogniser", "pocketsphinx"))
	const session = "1b5c1a52-3f6e-4b8a-9d0e-1f2a3b4c5d6e"
	x := c.visit(session)
	for _, piece := range pcm(t, speech, seconds) {
		if err := x.Audio(piece, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`); err != nil {
		t.Error(err)
	}
	x.End()
	finals, last := x.Finals()
	if last.Type != "" || len(finals) < 5 {
		t.Errorf("%d segments, ended with %+v", len(finals), last)
	}
	said, _ := c.documents(session)
	errors := distance(plainWords(strings.Join(said, " ")), want)
	rate := float64(errors) / float64(len(want))
	t.Logf("word error rate of pocketsphinx: %.2f of %d words", rate, len(want))
	if rate > 0.5 {
		t.Errorf("%.2f of the words are wrong: %q", rate, said)
	}
}

func plainWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return (r < 'a' || r > 'z') && r != '\'' })
}

// pcm decodes the first seconds of FLAC of two channels, in pieces of a tenth of a second.
func pcm(t *testing.T, file []byte, seconds int) (pieces [][]byte) {
	t.Helper()
	d, err := audio.NewDecoder(audio.Format{Encoding: audio.FLAC, Rate: 16000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for b.Len() < seconds*2*2*audio.Rate && len(file) > 0 {
		n := min(len(file), 10_000)
		out, err := d.Write(file[:n])
		if err != nil {
			t.Fatal(err)
		}
		for i := range out[0] {
			for c := range out {
				b.Write([]byte{byte(out[c][i]), byte(out[c][i] >> 8)})
			}
		}
		file = file[n:]
	}
	_, _ = d.Close() // it was cut
	return slices.Collect(slices.Chunk(b.Bytes()[:seconds*2*2*audio.Rate], 6400))
}

// distance is the least number of words to put in, take out or change.
func distance(got, want []string) int {
	row := make([]int, len(want)+1)
	for j := range row {
		row[j] = j
	}
	for i, g := range got {
		corner := row[0]
		row[0] = i + 1
		for j, w := range want {
			next := min(row[j]+1, row[j+1]+1, corner)
			if g != w {
				next = min(row[j]+1, row[j+1]+1, corner+1)
			}
			corner, row[j+1] = row[j+1], next
		}
	}
	return row[len(want)]
}
