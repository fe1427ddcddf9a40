// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"galen/internal/api/scribe/client"
	"galen/internal/scribe"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/replay"
	"galen/internal/scribe/asr/speech"
	"galen/internal/scribe/note"
	"galen/internal/scribe/transcript"
)

// How many live visits there are at a time.
const (
	visitsReplayed = 10
	visitsHeard    = 2
)

// visits measures live visits over the wire: many whose transcript is known beforehand, so that what is measured is all but the
// recogniser, and two that are heard by the first of the recognisers.
func (b *speechBench) visits(ctx context.Context, list []heardBy) ([]row, error) {
	tracks := speech.NewTalk(b.talk, 2)
	script, err := b.script(tracks)
	if err != nil {
		return nil, err
	}
	b.say(fmt.Sprintf("%d visits, replayed", visitsReplayed))
	c, err := b.clinic(ctx, "replay", "--recogniser", "replay:"+script)
	if err != nil {
		return nil, err
	}
	m, err := c.visits(ctx, visitsReplayed, tracks)
	if err = errors.Join(err, c.child.stop()); err != nil {
		return nil, err
	}
	rows := m.rows("replay", visitsReplayed)
	rows = append(rows, row{Work: "memory of a live visit, outside the recogniser", Value: float64(m.memory) / visitsReplayed / (1 << 20), Unit: "MiB", Goal: "< 50",
		Note: fmt.Sprintf("the most that the server took with %d more than with none", visitsReplayed)})
	if len(list) == 0 {
		return rows, nil
	}
	b.say(fmt.Sprintf("%d visits, heard by %s", visitsHeard, list[0].name))
	if c, err = b.clinic(ctx, "heard", list[0].flags...); err != nil {
		return rows, err
	}
	m, err = c.visits(ctx, visitsHeard, tracks)
	return append(rows, m.rows(list[0].name, visitsHeard)...), errors.Join(err, c.child.stop())
}

// rows are of visits heard by a recogniser.
func (m measured) rows(name string, n int) []row {
	name = fmt.Sprintf("%d live visits of two channels, %s", n, name)
	rows := delayRows(name, m.delays)
	return append(rows, row{Work: name + ": audio waited to be taken, longest", Value: milliseconds(m.behind), Unit: "ms", Goal: "–"},
		row{Work: name + ": from the last to the end of all documents", Value: milliseconds(m.documents), Unit: "ms", Goal: "< 2,000", Note: fmt.Sprintf("all end at once, after %s", short(m.length))})
}

// script writes what is said in a file for replay.
func (b *speechBench) script(tracks []speech.Track) (string, error) {
	type turn struct {
		Channel int     `json:"channel"`
		Start   float64 `json:"start"`
		End     float64 `json:"end"`
		Text    string  `json:"text"`
	}
	var file struct {
		Turns []turn `json:"turns"`
	}
	for channel, t := range tracks {
		for _, s := range t.Spans {
			file.Turns = append(file.Turns, turn{channel, s.Begin.Seconds(), s.End.Seconds(), s.Text})
		}
	}
	text, err := json.Marshal(file)
	if err != nil {
		return "", err
	}
	path := filepath.Join(b.dir, "script.json")
	return path, os.WriteFile(path, text, 0o600)
}

// clinic is a server with a subscription and a bucket for notes.
type clinic struct {
	child                *child
	domain, subscription string
}

func (b *speechBench) clinic(ctx context.Context, data string, flags ...string) (*clinic, error) {
	one, err := startChild(context.WithoutCancel(ctx), filepath.Join(b.dir, data), flags...)
	if err != nil {
		return nil, err
	}
	c := &clinic{child: one}
	var made struct{ DomainID, SubscriptionID string }
	err = one.health(ctx, http.MethodPost, "/domain", map[string]any{"name": "bench"}, &made)
	if err == nil {
		c.domain = made.DomainID
		err = one.health(ctx, http.MethodPost, "/domains/"+c.domain+"/subscriptions", nil, &made)
		c.subscription = made.SubscriptionID
	}
	if err == nil {
		_, err = one.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("notes")})
	}
	if err != nil {
		return nil, errors.Join(err, one.stop())
	}
	return c, nil
}

// measured is of live visits.
type measured struct {
	delays    speech.Delays
	behind    time.Duration // the longest that a piece waited to be taken
	documents time.Duration // from the end of all until all documents were there
	memory    int64         // of the server: the most, less what it had before, in bytes
	length    time.Duration // of a visit
}

// visits has n visits take place at once, as they are spoken.
func (c *clinic) visits(ctx context.Context, n int, tracks []speech.Track) (measured, error) {
	over := client.HTTP()
	defer over.CloseIdleConnections()
	m := measured{length: asr.Duration(int64(len(tracks[0].Samples)))}
	before := c.child.resident()
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error // guarded by mu
		ids  = make([]string, n)
	)
	watching, stop := context.WithCancel(ctx)
	watched := make(chan int64)
	go func() { watched <- c.mostMemory(watching) }()
	for i := range n {
		ids[i] = scribe.NewID()
		wg.Go(func() {
			came, behind, err := c.visit(ctx, over, ids[i], tracks)
			mu.Lock()
			defer mu.Unlock()
			errs, m.behind = append(errs, err), max(m.behind, behind)
			for channel, t := range tracks {
				m.delays.Add(t.Delays(came[channel]))
			}
		})
	}
	wg.Wait()
	ended := time.Now()
	for _, id := range ids {
		errs = append(errs, c.documents(ctx, id))
	}
	m.documents = time.Since(ended)
	stop()
	m.memory = max(<-watched-before, 0)
	return m, errors.Join(errs...)
}

// mostMemory is the most memory that the server has until ctx ends.
func (c *clinic) mostMemory(ctx context.Context) (most int64) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		most = max(most, c.child.resident())
		select {
		case <-ctx.Done():
			return most
		case <-tick.C:
		}
	}
}

// visit is one visit, and gives what came on each channel.
func (c *clinic) visit(ctx context.Context, over *http.Client, id string, tracks []speech.Track) (came [2][]speech.Arrival, behind time.Duration, err error) {
	keys, err := c.child.provider().Retrieve(ctx)
	if err != nil {
		return came, 0, err
	}
	s, err := client.Connect(ctx, over, c.child.url+"/medical-scribe-stream/", keys, map[string]string{"session-id": id, "domain-id": c.domain, "subscription-id": c.subscription,
		"language-code": "en-US", "sample-rate": "16000", "media-encoding": "pcm"}, nil)
	if err != nil {
		return came, 0, err
	}
	defer s.Close()
	err = s.JSON("configurationEvent", `{"postStreamActionSettings":{"outputS3Uri":"s3://notes/out","clinicalNoteGenerationSettings":{"noteTemplateSettings":`+
		`{"managedTemplate":{"templateType":"HISTORY_AND_PHYSICAL"}}}},"channelDefinitions":[{"channelId":0,"participantRole":"CLINICIAN"},{"channelId":1,"participantRole":"PATIENT"}]}`)
	if err != nil {
		return came, 0, err
	}
	began := time.Now()
	var reading sync.WaitGroup
	var failed error
	reading.Go(func() { came, failed = arrivals(s, began) })
	err = speech.InTime(ctx, began, len(tracks[0].Samples), func(from, to int) error {
		spoken := time.Now()
		err := s.Audio(interleave(tracks, from, to), false)
		behind = max(behind, time.Since(spoken))
		return err
	})
	err = errors.Join(err, s.JSON("sessionControlEvent", `{"type":"END_OF_SESSION"}`))
	s.End()
	reading.Wait()
	return came, behind, errors.Join(err, failed)
}

func interleave(tracks []speech.Track, from, to int) []byte {
	piece := make([]byte, 0, 2*len(tracks)*(to-from))
	for i := from; i < to; i++ {
		for _, t := range tracks {
			piece = append(piece, byte(t.Samples[i]), byte(t.Samples[i]>>8))
		}
	}
	return piece
}

// arrivals takes the segments of a visit until its end.
func arrivals(s *client.Stream, began time.Time) (came [2][]speech.Arrival, err error) {
	for e := range s.Events {
		segment, bad := client.ReadSegment(e)
		if bad != nil {
			err = fmt.Errorf("%s: %s", e.Type, e.Payload)
			continue
		}
		channel := 0
		if segment.ChannelID == "ch_1" {
			channel = 1
		}
		at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
		came[channel] = append(came[channel], speech.Arrival{At: time.Since(began),
			Result: asr.Result{Partial: segment.IsPartial, Begin: at(segment.AudioBeginOffset), End: at(segment.AudioEndOffset), Text: segment.Content}})
	}
	return came, err
}

// documents waits for those of a visit.
func (c *clinic) documents(ctx context.Context, id string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var d struct {
			MedicalScribeListeningSessionDetails struct {
				StreamStatus           string
				PostStreamActionResult struct {
					ClinicalNoteGenerationResult struct {
						NoteResult, TranscriptResult, AfterVisitSummaryResult struct{ Status string }
					}
				}
			}
		}
		path := "/medical-scribe-stream/domain/" + c.domain + "/subscription/" + c.subscription + "/session/" + id
		if err := c.child.health(ctx, http.MethodGet, path, nil, &d); err != nil {
			return err
		}
		r := d.MedicalScribeListeningSessionDetails.PostStreamActionResult.ClinicalNoteGenerationResult
		states := []string{r.NoteResult.Status, r.TranscriptResult.Status, r.AfterVisitSummaryResult.Status}
		if slices.Contains(states, "FAILED") {
			return fmt.Errorf("a document of a visit failed: %q", states)
		}
		if !slices.ContainsFunc(states, func(s string) bool { return s != "COMPLETED" }) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// longVisit is how long the visit is that a note is written of.
const longVisit = 15 * time.Minute

// notes measures how long all documents of a long visit take, by rules.
func (b *speechBench) notes(ctx context.Context) ([]row, error) {
	files, _ := filepath.Glob(filepath.Join(b.folder, "consult", "*.json")) // the pattern is well-formed
	if len(files) == 0 {
		return nil, nil
	}
	f, err := os.Open(files[0])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	turns, err := replay.Read(f)
	if err != nil || len(turns) == 0 {
		return nil, errors.Join(err, errors.New(files[0]+" has no turns"))
	}
	b.say("a note of 15 minutes")
	roles := []transcript.Role{transcript.Clinician, transcript.Patient}
	v := scribe.Visit{Session: scribe.Session{Key: scribe.Key{ID: scribe.NewID()}, Language: "en-US", Rate: asr.Rate, Config: &scribe.Config{Template: scribe.Template{Type: scribe.Templates[0]}}}}
	for at, i := time.Duration(0), 0; at+turns[i].End < longVisit; {
		t := turns[i]
		v.Segments = append(v.Segments, scribe.Segment(scribe.NewID(), t.Channel, roles[t.Channel%2], asr.Result{Begin: at + t.Begin, End: at + t.End, Text: t.Text}))
		if i++; i == len(turns) {
			at, i = at+t.End, 0
		}
	}
	v.Session.Heard = longVisit.Seconds()
	began := time.Now()
	w := &note.Writer{}
	_, err1 := w.Transcript(ctx, v)
	own, _, err2 := w.Note(ctx, v)
	_, err3 := w.Summary(ctx, v, own)
	took := time.Since(began)
	return []row{{Work: "transcript, note and summary of 15 minutes, by rules", Value: milliseconds(took), Unit: "ms", Goal: "< 2,000", Note: fmt.Sprintf("%d turns", len(v.Segments))}},
		errors.Join(err1, err2, err3)
}
