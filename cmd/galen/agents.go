// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"galen/internal/api"
	"galen/internal/api/connecthealth"
	"galen/internal/coding"
	"galen/internal/insights"
	"galen/internal/insights/document"
	"galen/internal/insights/gather"
	"galen/internal/insights/previsit"
	"galen/internal/interaction"
	"galen/internal/llm"
	"galen/internal/seal"
)

// openAgents wires what works for clinicians: the jobs of patient insights and the handler of Connect Health. secret is the
// data folder's key.
func (h *house) openAgents(cfg config, secret []byte, records *interaction.Service, operator interaction.Operator) (http.Handler, error) {
	secrets, err := seal.New(secret, "access tokens of FHIR servers")
	if err != nil {
		return nil, err
	}
	private, err := privateNetworks("fhir-private", cfg.fhirPrivate)
	if err != nil {
		return nil, err
	}
	documents, err := cfg.documents()
	if err != nil {
		return nil, err
	}
	model, err := cfg.model.open()
	if err != nil {
		return nil, err
	}
	h.insights = previsit.New(previsit.Options{Catalog: h.catalog, Jobs: h.jobs, Objects: h.objects, Secrets: secrets, MaxPending: cfg.maxInsights,
		Gatherer:  gather.New(gather.Options{Objects: h.objects, Operator: operator, Records: records, Documents: documents, Private: private}),
		Summarise: insights.Summariser{Model: model}.Summarise})
	h.coding = coding.New(coding.Options{Catalog: h.catalog, Jobs: h.jobs, Objects: h.objects, Systems: h.systems, MaxPending: cfg.maxInsights})
	return connecthealth.New(connecthealth.Options{Catalog: h.catalog, Insights: h.insights, Coding: h.coding, Sessions: h.sessions, Region: cfg.region, Principal: principal,
		Own: cfg.ownDataStore, Log: h.log})
}

// privateNetworks reads a list of networks that a flag gives.
func privateNetworks(flag, list string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
		p, err := netip.ParsePrefix(text)
		if addr, aerr := netip.ParseAddr(text); aerr == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s: %q is neither an address nor a network such as 10.0.0.0/8", flag, text)}
		}
		all = append(all, p)
	}
	return all, nil
}

// documents is the reader of documents: PDFs by this program in a process of its own, pictures by --ocr.
func (c *config) documents() (*document.Reader, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	o := document.Options{PDF: []string{self, pdfTextCommand}}
	switch c.ocr {
	case "none":
	case "":
		if path, err := exec.LookPath("tesseract"); err == nil {
			o.OCR = []string{self, limitedCommand, path, "stdin", "stdout"}
		}
	default:
		program := strings.Fields(c.ocr)
		if _, err := exec.LookPath(program[0]); err != nil {
			return nil, usageError{errors.New("--ocr: there is no program " + program[0])}
		}
		o.OCR = append([]string{self, limitedCommand}, program...)
	}
	return document.NewReader(o), nil
}

// ownDataStore tells whether endpoint is a data store of this server: by the name that the request came to, less the prefix
// that clients of Connect Health put before it, or by --public-url.
func (c *config) ownDataStore(ctx context.Context, endpoint string) (dataStore, base string) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", ""
	}
	id, ok := strings.CutPrefix(strings.TrimRight(u.Path, "/"), "/datastore/")
	id, ok2 := strings.CutSuffix(id, "/r4")
	if !ok || !ok2 || strings.Contains(id, "/") || !sameHost(u, api.BaseURL(ctx)) && !sameHost(u, c.publicURL) {
		return "", ""
	}
	return id, u.Scheme + "://" + u.Host + "/datastore/" + id + "/r4"
}

// sameHost reports whether u is on the server whose address is base: the same name, or both this machine, and the same port.
func sameHost(u *url.URL, base string) bool {
	b, err := url.Parse(base)
	if err != nil || b.Host == "" || port(u) != port(b) {
		return false
	}
	a, name := u.Hostname(), strings.TrimPrefix(strings.TrimPrefix(b.Hostname(), "runtime."), "streaming.")
	return strings.EqualFold(a, name) || isLoopback(a) && isLoopback(name)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// modelConfig says which language model rewords summaries and notes; none if it has no URL.
type modelConfig struct {
	url, key, name string
	timeout        time.Duration
}

func (c *modelConfig) flags(fs *pflag.FlagSet) {
	fs.StringVar(&c.url, "llm-url", "", "URL up to /v1 of a server with OpenAI's chat completions, to reword insights and notes; facts are checked (default: no model)")
	fs.StringVar(&c.key, "llm-key", "", "bearer token of that server; better in GALEN_LLM_KEY")
	fs.StringVar(&c.name, "llm-model", "", "model that the server is asked for")
	fs.DurationVar(&c.timeout, "llm-timeout", time.Minute, "how long an answer may take; then the summary or note is written without")
}

// open gives the model, nil if there is none.
func (c *modelConfig) open() (*llm.Model, error) {
	if c.url == "" {
		return nil, nil
	}
	m, err := llm.New(llm.Options{URL: c.url, Key: c.key, Model: c.name, Timeout: c.timeout})
	if err != nil {
		return nil, usageError{fmt.Errorf("--llm-url, --llm-model: %w", err)}
	}
	return m, nil
}
