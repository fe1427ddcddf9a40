// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"net/http"

	"galen/internal/interaction"
)

// search serves GET /Type?….
func (x *exchange) search() { x.find(x.r.URL.RawQuery) }

// searchCompartment serves GET /Type/id/Type?….
func (x *exchange) searchCompartment() { x.find(x.r.URL.RawQuery) }

// searchForm serves POST /Type/_search: parameters in the form, in the URL, or in both.
func (x *exchange) searchForm() {
	query := x.r.URL.RawQuery
	body, err := x.body()
	if err != nil {
		x.fail(err)
		return
	}
	if len(body) > 0 {
		if !sendsForm(x.r) {
			x.refuse(http.StatusUnsupportedMediaType, errMediaType)
			return
		}
		if query != "" {
			query += "&"
		}
		query += string(body)
		if !x.negotiate(query) {
			return
		}
	}
	x.find(query)
}

func (x *exchange) find(query string) {
	body, err := x.h.service.Search(x.r.Context(), x.caller,
		interaction.Find{Type: x.key.Type, In: x.within, Query: query, Lenient: parsePrefer(x.r.Header).lenient})
	x.document(body, err)
}
