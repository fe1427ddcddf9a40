// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"galen/internal/fault"
	"galen/internal/interaction"
)

// read serves GET /Type/id.
func (x *exchange) read() {
	v, err := x.h.service.Read(x.r.Context(), x.caller, x.key)
	if errors.Is(err, fault.NotFound) && x.key.Type == "OperationDefinition" && x.h.opt.Operator != nil {
		if body, err := x.h.opt.Operator.Definition(x.r.Context(), x.caller, x.key.ID); err == nil {
			x.write(http.StatusOK, body)
			return
		}
	}
	x.version(v, err)
}

// vread serves GET /Type/id/_history/vid.
func (x *exchange) vread() {
	v, err := x.h.service.VRead(x.r.Context(), x.caller, x.key, x.vid)
	x.version(v, err)
}

// version answers a read.
func (x *exchange) version(v interaction.Version, err error) {
	if err != nil {
		if v.VersionID > 0 { // that of the deletion
			x.w.Header()["Etag"] = []string{etag(v.VersionID)}
		}
		x.fail(err)
		return
	}
	x.versionHeaders(&v)
	if x.unchanged(&v) {
		x.w.WriteHeader(http.StatusNotModified)
		return
	}
	if !interaction.WantsPart(x.r.URL.RawQuery) {
		x.write(http.StatusOK, v.Body)
		return
	}
	body, err := x.h.service.Part(v, x.r.URL.RawQuery)
	x.document(body, err)
}

// unchanged reports whether the caller has this version already.
//
// http://hl7.org/fhir/R4/http.html#cread
func (x *exchange) unchanged(v *interaction.Version) bool {
	if tags, ok := x.r.Header["If-None-Match"]; ok {
		for tag := range strings.SplitSeq(strings.Join(tags, ","), ",") {
			if id, ok := version(tag); ok && (id == "*" || id == itoa(int(v.VersionID))) {
				return true
			}
		}
		return false
	}
	if since := x.r.Header.Get("If-Modified-Since"); since != "" {
		t, err := http.ParseTime(since)
		return err == nil && !v.Time.Truncate(time.Second).After(t)
	}
	return false
}

// history serves GET /Type/id/_history.
func (x *exchange) history() {
	body, err := x.h.service.History(x.r.Context(), x.caller, x.key, x.r.URL.RawQuery)
	x.document(body, err)
}

// changes serves GET /_history and GET /Type/_history.
func (x *exchange) changes() {
	body, err := x.h.service.HistoryOf(x.r.Context(), x.caller, x.key.Type, x.r.URL.RawQuery)
	x.document(body, err)
}

// metadata serves GET /metadata.
func (x *exchange) metadata() {
	body, err := x.h.service.Capabilities(x.r.Context(), x.caller)
	x.document(body, err)
}

// document answers with a resource that is not stored.
func (x *exchange) document(body []byte, err error) {
	if err != nil {
		x.fail(err)
		return
	}
	x.write(http.StatusOK, body)
}

// versionHeaders sets ETag and Last-Modified.
func (x *exchange) versionHeaders(v *interaction.Version) {
	h := x.w.Header()
	h["Etag"] = []string{etag(v.VersionID)}
	h["Last-Modified"] = []string{v.Time.Format(http.TimeFormat)}
}

// write answers with a document, in the form that the caller takes.
func (x *exchange) write(status int, body []byte) {
	body, err := encode(body, x.form, x.pretty)
	if err != nil {
		x.form = jsonForm
		x.fail(err)
		return
	}
	h := x.w.Header()
	h["Content-Type"] = contentTypes[x.form]
	h["Content-Length"] = []string{itoa(len(body))}
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // the connection may be gone; the edge logs what was written
}

func etag(version uint32) string { return `W/"` + strconv.FormatUint(uint64(version), 10) + `"` }

func itoa(n int) string { return strconv.Itoa(n) }
