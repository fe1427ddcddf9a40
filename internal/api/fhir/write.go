// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"galen/internal/fault"
	core "galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
)

// The headers of HealthLake's own.
const (
	idempotencyHeader = "X-Amz-Fhir-Idempotency-Key"
	levelHeader       = "X-Amzn-Healthlake-Fhir-Validation-Level"
	issuesHeader      = "X-Amzn-Healthlake-Validation-Issues" // "true" where a resource was stored in spite of findings
)

// create serves POST /Type.
func (x *exchange) create() {
	in, ok := x.input()
	if !ok {
		return
	}
	in.Key = x.r.Header.Get(idempotencyHeader)
	in.Unless = x.unless()
	w, err := x.h.service.Create(x.r.Context(), x.caller, x.key.Type, in)
	if err != nil && w.Version.Body != nil && errors.Is(err, fault.Conflict) { // the key made this before
		x.key.Type = def.R4().TypeByID(def.TypeID(w.Version.Type)).Name // perhaps of another type
		x.stored(http.StatusConflict, w)
		return
	}
	x.written(w, err)
}

// unless is the search of If-None-Exist: just the query, or with the type before it, as some clients have it.
func (x *exchange) unless() string {
	text := strings.TrimPrefix(x.r.Header.Get("If-None-Exist"), x.caller.Base+"/")
	return strings.TrimPrefix(strings.TrimPrefix(text, x.key.Type+"?"), "?")
}

// change serves a change of one resource: it reads the conditions and the body, and answers what do made of them.
func (x *exchange) change(read func() (interaction.Input, bool), do func(interaction.Match, interaction.Input) (interaction.Written, error)) {
	match, ok := x.match()
	if !ok {
		return
	}
	in, ok := read()
	if !ok {
		return
	}
	x.written(do(match, in))
}

// update serves PUT /Type/id.
func (x *exchange) update() {
	x.change(x.input, func(match interaction.Match, in interaction.Input) (interaction.Written, error) {
		return x.h.service.Update(x.r.Context(), x.caller, x.key, match, in)
	})
}

// updateWhere serves PUT /Type?….
func (x *exchange) updateWhere() {
	x.change(x.input, func(match interaction.Match, in interaction.Input) (interaction.Written, error) {
		return x.h.service.UpdateWhere(x.r.Context(), x.caller, x.key.Type, x.r.URL.RawQuery, match, in)
	})
}

// patch serves PATCH /Type/id.
func (x *exchange) patch() {
	x.change(x.patchInput, func(match interaction.Match, in interaction.Input) (interaction.Written, error) {
		return x.h.service.Patch(x.r.Context(), x.caller, x.key, match, in)
	})
}

// patchWhere serves PATCH /Type?….
func (x *exchange) patchWhere() {
	x.change(x.patchInput, func(match interaction.Match, in interaction.Input) (interaction.Written, error) {
		return x.h.service.PatchWhere(x.r.Context(), x.caller, x.key.Type, x.r.URL.RawQuery, match, in)
	})
}

// delete serves DELETE /Type/id.
func (x *exchange) delete() {
	match, ok := x.match()
	if !ok {
		return
	}
	w, err := x.h.service.Delete(x.r.Context(), x.caller, x.key, match)
	x.deleted(w, err)
}

// deleteWhere serves DELETE /Type?….
func (x *exchange) deleteWhere() {
	match, ok := x.match()
	if !ok {
		return
	}
	if interaction.DeletesMany(x.r.URL.RawQuery) {
		if match != (interaction.Match{}) {
			x.fail(fault.New(fault.Invalid, "_count and If-Match cannot be combined").WithCode("value"))
			return
		}
		body, err := x.h.service.DeleteMany(x.r.Context(), x.caller, x.key.Type, x.r.URL.RawQuery, x.bundling())
		x.document(body, err)
		return
	}
	w, err := x.h.service.DeleteWhere(x.r.Context(), x.caller, x.key.Type, x.r.URL.RawQuery, match)
	x.deleted(w, err)
}

// deleted answers a deletion.
func (x *exchange) deleted(w interaction.Written, err error) {
	if err != nil {
		x.fail(err)
		return
	}
	if w.Version.VersionID > 0 {
		x.w.Header()["Etag"] = []string{etag(w.Version.VersionID)}
	}
	if parsePrefer(x.r.Header).back == "OperationOutcome" {
		x.write(http.StatusOK, core.AppendOutcome(nil))
		return
	}
	x.w.WriteHeader(http.StatusNoContent)
}

// written answers a create or an update.
func (x *exchange) written(w interaction.Written, err error) {
	switch {
	case err != nil:
		x.fail(err)
	case w.Created:
		x.stored(http.StatusCreated, w)
	default:
		x.stored(http.StatusOK, w)
	}
}

// stored answers with a version that is stored, in the form that Prefer asks for.
func (x *exchange) stored(status int, w interaction.Written) {
	v := &w.Version
	x.versionHeaders(v)
	if len(w.Warnings) > 0 {
		x.w.Header()[issuesHeader] = []string{"true"}
	}
	location := "Location"
	if status == http.StatusOK { // nothing new; but clients want to know which version it is
		location = "Content-Location"
	}
	x.w.Header()[location] = []string{x.caller.Base + "/" + x.key.Type + "/" + v.ID + "/_history/" + itoa(int(v.VersionID))}
	switch back := parsePrefer(x.r.Header).back; {
	case back == "minimal" && status < 300:
		x.w.Header()["Content-Length"] = []string{"0"}
		x.w.WriteHeader(status)
	case back == "OperationOutcome" && status < 300:
		x.write(status, core.AppendOutcome(nil, w.Warnings...))
	default:
		x.write(status, v.Body)
	}
}

// input reads the resource of a request; if it cannot, it has answered.
func (x *exchange) input() (interaction.Input, bool) {
	if !sendsResource(x.r) {
		x.refuse(http.StatusUnsupportedMediaType, errMediaType)
		return interaction.Input{}, false
	}
	return x.payload()
}

// patchTypes are the media types of patches: a JSON Patch, and a FHIRPath Patch as Parameters in either form.
const patchTypes = interaction.JSONPatch + ", application/fhir+json, application/fhir+xml"

// patchInput is input for a patch.
func (x *exchange) patchInput() (interaction.Input, bool) {
	kind, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || kind != interaction.JSONPatch && bodyForm(x.r) == noForm {
		x.w.Header()["Accept-Patch"] = []string{patchTypes}
		x.refuse(http.StatusUnsupportedMediaType, errMediaType)
		return interaction.Input{}, false
	}
	return x.payload()
}

// payload reads the body and the validation level.
func (x *exchange) payload() (interaction.Input, bool) {
	in := interaction.Input{}
	if level := x.r.Header.Get(levelHeader); level != "" {
		l, ok := validate.ParseLevel(level)
		if !ok {
			x.fail(fault.New(fault.Invalid, "the validation level is strict, structure-only or minimal").WithCode("value"))
			return in, false
		}
		in.Level = l
	}
	body, err := x.body()
	if err != nil {
		x.fail(err)
		return in, false
	}
	if len(body) == 0 {
		x.fail(fault.New(fault.Invalid, "%s", errSyntax))
		return in, false
	}
	if in.Body, err = decode(x.r, body, x.h.opt.MaxBody); err != nil {
		x.fail(err)
		return in, false
	}
	return in, true
}

// body is the body of the request, as the edge has read it or whole up to a limit.
func (x *exchange) body() ([]byte, error) {
	if whole, ok := x.r.Body.(interface{ Bytes() []byte }); ok {
		return x.inflate(whole.Bytes())
	}
	body, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, x.h.opt.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, x.tooLarge()
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the body could not be read")
	}
	return x.inflate(body)
}

func (x *exchange) tooLarge() error {
	return fault.New(fault.TooLarge, "the body is longer than %d bytes", x.h.opt.MaxBody)
}

// encoding is the Content-Encoding of the body: gzip, or empty; ok is false for any other.
func encoding(r *http.Request) (name string, ok bool) {
	switch name = strings.ToLower(strings.Join(r.Header["Content-Encoding"], ",")); name {
	case "", "identity":
		return "", true
	case "gzip", "x-gzip":
		return "gzip", true
	}
	return name, false
}

// inflate gives a body as it was before it was encoded.
func (x *exchange) inflate(body []byte) ([]byte, error) {
	if name, _ := encoding(x.r); name != "gzip" || len(body) == 0 {
		return body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the body is not gzip, as its Content-Encoding says")
	}
	plain, err := io.ReadAll(io.LimitReader(z, x.h.opt.MaxBody+1))
	switch {
	case err != nil:
		return nil, fault.Wrap(fault.Invalid, err, "the body is not gzip, as its Content-Encoding says")
	case int64(len(plain)) > x.h.opt.MaxBody:
		return nil, x.tooLarge()
	}
	return plain, nil
}

// match reads If-Match and If-None-Match of a write; if they cannot be met, it has answered.
func (x *exchange) match() (interaction.Match, bool) {
	var m interaction.Match
	if tag := x.r.Header.Get("If-Match"); tag != "" {
		id, ok := version(tag)
		if !ok {
			x.fail(fault.New(fault.Invalid, "If-Match is not one version").WithCode("value").At("If-Match"))
			return m, false
		}
		m.Version = id
	}
	switch tag := x.r.Header.Get("If-None-Match"); tag {
	case "":
	case "*":
		m.None = true
	default:
		x.fail(fault.New(fault.Invalid, "If-None-Match of a write can only be *").WithCode("value").At("If-None-Match"))
		return m, false
	}
	return m, true
}
