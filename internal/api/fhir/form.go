// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"galen/internal/fault"
	core "galen/internal/fhir"
	"galen/internal/fhir/xml"
)

// form is how resources are written on the wire.
type form uint8

const (
	noForm form = iota
	jsonForm
	xmlForm
)

var contentTypes = [...][]string{
	jsonForm: {"application/fhir+json; charset=utf-8"},
	xmlForm:  {"application/fhir+xml; charset=utf-8"},
}

// formOf is the form of a media type, or of a short name of one; noForm if it is neither. A plus sign that a query turned into
// a space is one.
func formOf(s string) form {
	kind, _, _ := strings.Cut(s, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "json", "application/json", "application/fhir+json", "application/fhir json", "text/json", "application/json+fhir":
		return jsonForm
	case "xml", "application/xml", "application/fhir+xml", "application/fhir xml", "text/xml", "application/xml+fhir":
		return xmlForm
	}
	return noForm
}

// answerForm is the form that the caller takes an answer in: that of _format, or else the one that Accept likes best, or else
// that of the body. It is noForm if the caller takes none of ours.
//
// http://hl7.org/fhir/R4/http.html#mime-type
func answerForm(r *http.Request, query string) form {
	if strings.Contains(query, "_format=") {
		values, err := url.ParseQuery(query)
		if format := values.Get("_format"); err == nil && format != "" {
			return formOf(format)
		}
	}
	accept := r.Header["Accept"]
	if len(accept) == 0 {
		return max(bodyForm(r), jsonForm)
	}
	best, liking := noForm, 0.0
	for _, line := range accept {
		for one := range strings.SplitSeq(line, ",") {
			if f, q := accepted(one); f != noForm && q > liking {
				best, liking = f, q
			}
		}
	}
	return best
}

// accepted reads one part of an Accept header: a form, and how much it is liked, from 0 to 1.
func accepted(s string) (form, float64) {
	switch s {
	case "application/fhir+json", "application/json", "*/*", "":
		return jsonForm, 1
	}
	kind, params, _ := strings.Cut(s, ";")
	q := 1.0
	for p := range strings.SplitSeq(params, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		switch {
		case strings.EqualFold(name, "q"):
			q, _ = strconv.ParseFloat(value, 64)
		case strings.EqualFold(name, "fhirVersion") && !ourVersion(value):
			return noForm, 0
		}
	}
	switch kind = strings.ToLower(strings.TrimSpace(kind)); kind {
	case "*/*", "application/*":
		return jsonForm, q
	}
	if !strings.Contains(kind, "/") {
		return noForm, 0
	}
	return formOf(kind), q
}

// ourVersion reports whether the parameter fhirVersion of a media type names the version of FHIR that is served.
//
// http://hl7.org/fhir/R4/http.html#version-parameter
func ourVersion(value string) bool {
	value = strings.Trim(value, `"`)
	return value == "4.0" || strings.HasPrefix(value, "4.0.")
}

// bodyForm is the declared form of the body; noForm if it is none of ours, and where nothing is declared.
func bodyForm(r *http.Request) form {
	switch t := r.Header.Get("Content-Type"); t {
	case "":
		return noForm
	case "application/fhir+json", "application/json":
		return jsonForm
	default:
		kind, params, err := mime.ParseMediaType(t)
		f := formOf(kind)
		charset := strings.ToLower(params["charset"])
		switch {
		case err != nil || !strings.Contains(kind, "/"):
			return noForm
		case params["fhirversion"] != "" && !ourVersion(params["fhirversion"]):
			return noForm
		case charset == "", charset == "utf-8", f == xmlForm && charset == "utf-16":
			return f
		}
		return noForm
	}
}

// sendsResource reports whether the body is declared as a resource, or not at all.
func sendsResource(r *http.Request) bool {
	return bodyForm(r) != noForm || r.Header.Get("Content-Type") == ""
}

// decode gives the JSON of a body that is declared as a resource.
func decode(r *http.Request, body []byte, limit int64) ([]byte, error) {
	if bodyForm(r) != xmlForm || len(body) == 0 {
		return body, nil
	}
	doc, err := xml.Decode(body, core.Limits{Size: int(limit)})
	if err != nil {
		return nil, err
	}
	return doc.JSON, doc.Err()
}

// encode gives a resource, which is JSON, in a form; pretty says that it is for people.
func encode(body []byte, f form, pretty bool) ([]byte, error) {
	switch {
	case f == xmlForm:
		tape := new(core.Tape)
		if err := tape.Parse(body, core.Limits{Size: core.MaxSize, Depth: core.MaxDepth}); err != nil {
			return nil, fault.Wrap(fault.Internal, err, "an answer cannot be read")
		}
		return xml.Encode(make([]byte, 0, 2*len(body)), tape.Root(), xml.Encoding{Pretty: pretty})
	case pretty:
		var b bytes.Buffer
		if json.Indent(&b, body, "", "  ") == nil {
			return b.Bytes(), nil
		}
	}
	return body, nil
}
