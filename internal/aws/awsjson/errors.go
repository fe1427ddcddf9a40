// SPDX-License-Identifier: Apache-2.0

package awsjson

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"galen/internal/aws/call"
)

// ContentType is that of every answer.
const ContentType = "application/x-amz-json-1.0"

// WriteError answers with an exception: x-amzn-ErrorType, and __type and Message in the body.
func WriteError(w http.ResponseWriter, e *call.Error) {
	b := append([]byte(nil), `{"__type":`...)
	b = call.AppendString(b, e.Code)
	if e.Message != "" {
		b = append(b, `,"Message":`...)
		b = call.AppendString(b, e.Message)
	}
	b = append(b, '}')
	w.Header().Set("X-Amzn-Errortype", e.Code)
	writeBody(w, e.HTTPStatus(), b)
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	if h.Get("X-Amzn-Requestid") == "" {
		h.Set("X-Amzn-Requestid", rand.Text())
	}
	h.Set("Content-Type", ContentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone: nothing is left to do for it
}
