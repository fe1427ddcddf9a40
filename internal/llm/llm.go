// SPDX-License-Identifier: Apache-2.0

// Package llm asks a language model behind any endpoint that speaks OpenAI's chat completions: a question in, JSON of a
// given schema out.
//
// Invariants:
//
//	L1: The key goes to the endpoint only: redirects are not followed, and no error or log has it.
//	L2: A call ends within Options.Timeout, tries included, and reads at most MaxAnswer bytes.
//	L3: What a model answers is untrusted: callers check it. Here it is only held to be JSON.
//
// Any goroutine may use a Model.
//
// https://platform.openai.com/docs/api-reference/chat
package llm

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"galen/internal/fault"
)

// MaxAnswer is the most that is read of an answer, in bytes.
const MaxAnswer = 1 << 20

// Options says which model is asked, and how.
type Options struct {
	URL       string        // base URL: what stands before /chat/completions, such as http://127.0.0.1:11434/v1
	Model     string        // its name there
	Key       string        // sent as a bearer token; none if empty
	Timeout   time.Duration // of one call; a minute if zero
	MaxTokens int           // of an answer; 2,000 if zero
}

// Model is a model that can be asked.
type Model struct {
	o    Options
	http *http.Client
}

// New makes a model. It fails with fault.Invalid if Options name none. Nothing is sent.
func New(o Options) (*Model, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return nil, fault.New(fault.Invalid, "the address of the language model must be a URL such as http://127.0.0.1:11434/v1")
	}
	if o.Model == "" {
		return nil, fault.New(fault.Invalid, "the name of the language model is missing")
	}
	o.URL = strings.TrimRight(o.URL, "/")
	o.Timeout, o.MaxTokens = cmp.Or(o.Timeout, time.Minute), cmp.Or(o.MaxTokens, 2000)
	return &Model{o, &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Name is the model's name.
func (m *Model) Name() string { return m.o.Model }

// Question is one call.
type Question struct {
	System string          // what the model is to do
	User   string          // what it is given
	Name   string          // of the schema: letters and _
	Schema json.RawMessage // JSON schema of the answer
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

type format struct {
	Type   string  `json:"type"`
	Schema *schema `json:"json_schema,omitempty"`
}

type schema struct {
	Name   string          `json:"name"`
	Strict bool            `json:"strict"`
	Schema json.RawMessage `json:"schema"`
}

type completion struct {
	Model       string    `json:"model"`
	Messages    []message `json:"messages"`
	Temperature float64   `json:"temperature"`
	Seed        int       `json:"seed"`
	MaxTokens   int       `json:"max_tokens"`
	Format      format    `json:"response_format"`
}

// errFormat says that the endpoint refused the request: perhaps it knows no schemas.
var errFormat = errors.New("the endpoint refused the request")

// Ask asks and decodes the answer into a value. An endpoint that refuses the schema is asked once more for plain JSON. It
// fails with fault.Unavailable if the endpoint cannot be reached or answers no success in time, and with
// fault.Unprocessable if the answer is no JSON for the value.
func (m *Model) Ask(ctx context.Context, q Question, into any) error {
	ctx, cancel := context.WithTimeout(ctx, m.o.Timeout)
	defer cancel()
	text, err := m.complete(ctx, q, format{"json_schema", &schema{q.Name, true, q.Schema}})
	if errors.Is(err, errFormat) {
		q.System += "\nAnswer with JSON of this schema and nothing else: " + string(q.Schema)
		text, err = m.complete(ctx, q, format{Type: "json_object"})
	}
	if errors.Is(err, errFormat) {
		return fault.Wrap(fault.Unavailable, err, "the language model's endpoint refused the request")
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(unfence(text)), into); err != nil {
		return fault.New(fault.Unprocessable, "the language model's answer is not the JSON that was asked for")
	}
	return nil
}

// complete makes one request and gives the text of the first choice.
func (m *Model) complete(ctx context.Context, q Question, f format) (string, error) {
	body, err := json.Marshal(completion{Model: m.o.Model, Messages: []message{{"system", q.System}, {"user", q.User}}, MaxTokens: m.o.MaxTokens, Format: f})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, m.o.URL+"/chat/completions", bytes.NewReader(body))
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "the request to the language model could not be made")
	}
	r.Header.Set("Content-Type", "application/json")
	if m.o.Key != "" {
		r.Header.Set("Authorization", "Bearer "+m.o.Key)
	}
	resp, err := m.http.Do(r)
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the language model's endpoint did not answer")
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, MaxAnswer+1))
	switch {
	case resp.StatusCode == http.StatusBadRequest || resp.StatusCode == http.StatusUnprocessableEntity:
		return "", errFormat
	case resp.StatusCode != http.StatusOK:
		return "", fault.New(fault.Unavailable, "the language model's endpoint answered %d", resp.StatusCode)
	case err != nil:
		return "", fault.Wrap(fault.Unavailable, err, "the language model's answer broke off")
	case len(answer) > MaxAnswer:
		return "", fault.New(fault.Unprocessable, "the language model's answer is too large")
	}
	return choice(answer)
}

// choice reads the text of the first choice of an answer that came to its end.
func choice(answer []byte) (string, error) {
	var c struct {
		Choices []struct {
			Message struct{ Content string }
			Finish  string `json:"finish_reason"`
		}
	}
	if err := json.Unmarshal(answer, &c); err != nil || len(c.Choices) == 0 {
		return "", fault.New(fault.Unprocessable, "the language model's endpoint does not speak chat completions")
	}
	if f := c.Choices[0].Finish; f != "" && f != "stop" {
		return "", fault.New(fault.Unprocessable, "the language model did not finish its answer")
	}
	return c.Choices[0].Message.Content, nil
}

// unfence takes off the fence that models put around JSON.
func unfence(text string) string {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "```"); ok {
		_, inner, _ = strings.Cut(inner, "\n")
		text = strings.TrimSuffix(strings.TrimSpace(inner), "```")
	}
	return text
}
