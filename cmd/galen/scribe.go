// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	apiscribe "galen/internal/api/scribe"
	"galen/internal/authz"
	"galen/internal/aws/sigv4"
	"galen/internal/engine"
	"galen/internal/fault"
	"galen/internal/scribe"
	"galen/internal/scribe/asr"
	"galen/internal/scribe/asr/remote"
	"galen/internal/scribe/asr/replay"
	"galen/internal/scribe/asr/sherpa"
	"galen/internal/scribe/asr/sphinx"
	"galen/internal/scribe/note"
)

// recogniserConfig says which speech recogniser hears visits.
type recogniserConfig struct{ name, url, key, model string }

func (c *recogniserConfig) flags(fs *pflag.FlagSet) {
	fs.StringVar(&c.name, "recogniser", "auto", "speech recogniser: auto (the best that is there), sherpa, http, pocketsphinx, or replay:FILE (a known transcript)")
	fs.StringVar(&c.url, "recogniser-url", "", "URL up to /v1 of a server with OpenAI's audio API, for http")
	fs.StringVar(&c.key, "recogniser-key", "", "bearer token of that server; better in GALEN_RECOGNISER_KEY")
	fs.StringVar(&c.model, "recogniser-model", "", "folder of the model for sherpa (default: one of DATA/models), or name of the model for http")
}

// open gives the recogniser: the one that is asked for, or the best that is there. models is the folder of models.
func (c *recogniserConfig) open(models string) (asr.Provider, error) {
	kind, file, _ := strings.Cut(c.name, ":")
	switch {
	case kind == "replay":
		f, err := os.Open(file)
		if err != nil {
			return nil, usageError{fmt.Errorf("--recogniser replay:FILE: %w", err)}
		}
		defer f.Close()
		turns, err := replay.Read(f)
		return replay.New(turns), err
	case kind == "http" && c.url == "":
		return nil, usageError{errors.New("--recogniser http needs --recogniser-url")}
	case kind == "http", kind == "auto" && c.url != "": // whoever names a server wants it
		return remote.New(remote.Config{Base: c.url, Key: c.key, Model: c.model}), nil
	case kind == "sherpa" && c.model != "":
		return sherpa.Find(c.model)
	case kind == "sherpa":
		return sherpa.Find(models)
	case kind == "pocketsphinx":
		return sphinx.Find()
	case kind == "auto":
		if p, err := sherpa.Find(models); err == nil {
			return p, nil
		}
		if p, err := sphinx.Find(); err == nil {
			return p, nil
		}
		return noRecogniser{}, nil
	}
	return nil, usageError{fmt.Errorf("--recogniser %q is not auto, sherpa, http, pocketsphinx or replay:FILE", c.name)}
}

// noRecogniser is what is there when nothing is: sessions are refused, everything else works.
type noRecogniser struct{}

func (noRecogniser) Info() asr.Info { return asr.Info{Name: "none"} }

func (noRecogniser) Open(context.Context, asr.Options) (asr.Recogniser, error) {
	return nil, fault.New(fault.Unavailable, "there is no speech recogniser: put galen-asr beside galen and run galen models pull moonshine-tiny-en, install pocketsphinx and pocketsphinx-en-us, or give --recogniser-url")
}

// openScribe opens the sessions of the scribe, over recordings in the data folder.
func (h *house) openScribe(ctx context.Context, cfg config, e engine.Engine, secret []byte) error {
	folder := filepath.Join(cfg.data, "scribe")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("the folder of recordings cannot be made: %w", err)
	}
	recogniser, err := cfg.recogniser.open(modelFolder(cfg.data))
	if err != nil {
		return err
	}
	model, err := cfg.model.open()
	if err != nil {
		return err
	}
	writer := &note.Writer{Model: model, Patience: cfg.model.timeout}
	h.sessions = scribe.New(e, h.jobs, scribe.Options{Folder: folder, Key: secret, Recogniser: recogniser, Writer: writer, Coder: h.coder(writer),
		Objects: h.objects, Retention: cfg.keepAudio, Log: h.log, Drugs: drugLexicon(h.systems),
		Subscribed: func(ctx context.Context, k scribe.Key) error {
			s, err := h.catalog.Subscription(ctx, k.Account, k.Domain, k.Subscription)
			if err == nil && !s.Active {
				return fault.New(fault.Invalid, "the subscription is not active")
			}
			return err
		}})
	return h.sessions.Recover(ctx)
}

// coder codes the notes of sessions, as the jobs of medical coding do those of others.
func (h *house) coder(writer *note.Writer) func(context.Context, scribe.Visit, []byte) ([]scribe.File, error) {
	return func(_ context.Context, v scribe.Visit, own []byte) ([]scribe.File, error) {
		text, err := writer.Text(v, own)
		if err != nil {
			return nil, err
		}
		known := cmp.Or(v.Session.Config.Coding, &scribe.Coding{})
		file, _, err := h.coding.Code(text, known.Sex, known.Date)
		return []scribe.File{{Name: "medical-codes/medicalCodes.json", ContentType: "application/json", Body: file}}, err
	}
}

// scribeHandler serves the scribe's stream.
func (h *house) scribeHandler(verifier *sigv4.Verifier) http.Handler {
	stream := apiscribe.New(apiscribe.Options{Sessions: h.sessions, Verifier: verifier, Log: h.log, Account: func(id sigv4.Identity) authz.Principal {
		return authz.Principal{Kind: authz.Signed, Account: id.Account, AccessKey: id.AccessKey}
	}})
	h.closeLater(stream.Close)
	return stream
}
