// SPDX-License-Identifier: Apache-2.0

package connecthealth_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"galen/internal/api/connecthealth"
	"galen/internal/authz"
	"galen/internal/catalog"
	"galen/internal/engine/mem"
	"galen/internal/job"
	"galen/internal/store"
)

func TestWhoIsNotKnownIsDeniedAccess(t *testing.T) {
	for code, want := range map[string]int{
		"MissingAuthenticationTokenException": 401, "UnrecognizedClientException": 401, "InvalidSignatureException": 403,
		"RequestEntityTooLargeException": 413,
	} {
		status := 403
		if code == "RequestEntityTooLargeException" {
			status = 413
		}
		w := httptest.NewRecorder()
		connecthealth.WriteError(w, nil, status, code, "why")
		name := w.Header().Get("X-Amzn-Errortype")
		if w.Code != want || (want == 401) != (name == "AccessDeniedException") || w.Body.String() != `{"message":"why"}` {
			t.Errorf("%s: %d %s %s", code, w.Code, name, w.Body)
		}
	}
}

// A caller whom the edge let through but who may do nothing gets the contract's status from every operation.
func TestNobodyMayDoAnything(t *testing.T) {
	e := mem.New()
	jobs := job.New(e, job.Options{})
	h, err := connecthealth.New(connecthealth.Options{Region: "us-east-1", Catalog: catalog.New(e, jobs, store.New(e, nil, store.Options{}), catalog.Options{}),
		Principal: func(context.Context) authz.Principal { return authz.Principal{} }})
	if err != nil {
		t.Fatal(err)
	}
	const domain, sub = "dom-abcdefghijklmnopqrst", "sub-abcdefghijklmnopqrstu"
	for _, target := range []string{"GET /domain", "GET /domain/" + domain, "DELETE /domain/" + domain, "POST /domains/" + domain + "/subscriptions",
		"GET /domains/" + domain + "/subscriptions", "GET /domains/" + domain + "/subscriptions/" + sub,
		"POST /domains/" + domain + "/subscriptions/" + sub + "/activate", "POST /domains/" + domain + "/subscriptions/" + sub + "/deactivate",
		"GET /tags/arn%3Aaws%3Ahealth-agent%3Aus-east-1%3A000000000000%3Adomain%2F" + domain, "DELETE /tags/arn%3Ax?tagKeys=a"} {
		method, path, _ := strings.Cut(target, " ")
		r := httptest.NewRequest(method, path, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 401 || w.Header().Get("X-Amzn-Errortype") != "AccessDeniedException" {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
	}
}
