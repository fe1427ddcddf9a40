// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"galen/internal/aws/sigv4"
)

// insights has a pre-visit summary made of the patient and checks that all of its evidence is there.
func (d *demo) insights(ctx context.Context) (string, error) {
	var domain struct {
		DomainID string `json:"domainId"`
	}
	if err := d.child.health(ctx, http.MethodPost, "/domain", map[string]any{"name": "demo"}, &domain); err != nil {
		return "", err
	}
	request := map[string]any{
		"patientContext": map[string]any{"patientId": d.one}, "insightsContext": map[string]any{"insightsType": "PRE_VISIT"},
		"encounterContext": map[string]any{"encounterReason": "annual wellness visit"}, "userContext": map[string]any{"role": "CLINICIAN", "userId": "demo"},
		"inputDataConfig":  map[string]any{"fhirServer": map[string]any{"fhirEndpoint": d.child.url + "/datastore/" + d.store + "/r4"}},
		"outputDataConfig": map[string]any{"s3OutputPath": "s3://" + demoBucket + "/insights"},
	}
	var job struct {
		ID     string `json:"jobId"`
		Status string `json:"jobStatus"`
		Detail string `json:"statusDetails"`
	}
	path := "/domain/" + domain.DomainID + "/patient-insights-job"
	if err := d.child.health(ctx, http.MethodPost, path, request, &job); err != nil {
		return "", err
	}
	tick := time.NewTicker(pollDelay / 5)
	defer tick.Stop()
	for job.Status != "SUCCEEDED" {
		if err := d.child.health(ctx, http.MethodGet, path+"/"+job.ID, nil, &job); err != nil {
			return "", err
		}
		if job.Status == "FAILED" {
			return "", fmt.Errorf("the job failed: %s", job.Detail)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
	}
	text, err := os.ReadFile(filepath.Join(d.child.data, "s3", demoBucket, "insights", job.ID, d.one, "summary.json"))
	if err != nil {
		return "", err
	}
	return d.checkSummary(ctx, text)
}

// checkSummary reads every resource that a summary cites.
func (d *demo) checkSummary(ctx context.Context, text []byte) (string, error) {
	var summary struct {
		PatientSummaries []struct {
			PatientSummary struct {
				Sections []struct {
					ClinicalNarrative []struct {
						Text     string
						Evidence []string
					}
				}
			}
		}
	}
	if err := json.Unmarshal(text, &summary); err != nil || len(summary.PatientSummaries) != 1 {
		return "", fmt.Errorf("the summary cannot be read: %w", err)
	}
	words, cited := 0, map[string]bool{}
	for _, s := range summary.PatientSummaries[0].PatientSummary.Sections {
		for _, n := range s.ClinicalNarrative {
			words += len(strings.Fields(n.Text))
			for _, e := range n.Evidence {
				cited[e] = true
			}
		}
	}
	for e := range cited {
		if status, _, err := d.child.fhir(ctx, http.MethodGet, d.store, e, nil); err != nil || status != http.StatusOK {
			return "", fmt.Errorf("the evidence %s: status %d: %w", e, status, err)
		}
	}
	if len(cited) == 0 {
		return "", fmt.Errorf("the summary cites nothing")
	}
	return fmt.Sprintf("a pre-visit summary of %d words cites %d resources; all are there", words, len(cited)), nil
}

// health calls Connect Health.
func (c *child) health(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	signer := c.signer()
	signer.Service = "health-agent"
	signer.Sign(r, sigv4.HashPayload(body), time.Now())
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return json.Unmarshal(answer, out)
}
