// SPDX-License-Identifier: Apache-2.0

package sigv4_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"galen/internal/aws/sigv4"
)

// The examples of AWS's documentation of signatures in chunks: 66,560 letters a in chunks of 64 KiB.
var (
	exampleCred = sigv4.Credential{AccessKey: "AKIAIOSFODNN7EXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}
	exampleTime = time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
)

func exampleRequest(trailer bool) (*http.Request, string) {
	r := httptest.NewRequest("PUT", "https://s3.amazonaws.com/examplebucket/chunkObject.txt", nil)
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("X-Amz-Storage-Class", "REDUCED_REDUNDANCY")
	r.Header.Set("X-Amz-Decoded-Content-Length", "66560")
	r.Header.Set("Content-Encoding", "aws-chunked")
	auth := "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
	a, b := strings.Repeat("a", 65536), strings.Repeat("a", 1024)
	if trailer {
		r.Header.Set("X-Amz-Trailer", "x-amz-checksum-crc32c")
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
		r.Header.Set("Authorization", auth+"SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,"+
			"Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
		return r, "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n" + a + "\r\n" +
			"400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n" + b + "\r\n" +
			"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n" +
			"x-amz-checksum-crc32c:sOO8/Q==\n" +
			"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
	}
	r.Header.Set("Content-Length", "66824")
	r.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
	r.Header.Set("Authorization", auth+"SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,"+
		"Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
	return r, "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n" + a + "\r\n" +
		"400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n" + b + "\r\n" +
		"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
}

func readStream(r *http.Request, body string) (string, error) {
	v := sigv4.NewVerifier(only(exampleCred), sigv4.Options{})
	r.Body = io.NopCloser(strings.NewReader(body))
	if _, err := v.VerifyStream(r, exampleTime); err != nil {
		return "", err
	}
	got, err := io.ReadAll(r.Body)
	return string(got), err
}

func TestSignedChunks(t *testing.T) {
	for _, trailer := range []bool{false, true} {
		r, body := exampleRequest(trailer)
		got, err := readStream(r, body)
		if err != nil || got != strings.Repeat("a", 66560) {
			t.Errorf("trailer %v: %d bytes, %v", trailer, len(got), err)
		}
		if r.ContentLength != 66560 || r.Header.Get("Content-Encoding") != "" {
			t.Errorf("trailer %v: length %d, encoding %q", trailer, r.ContentLength, r.Header.Get("Content-Encoding"))
		}
		if got := r.Trailer.Get("X-Amz-Checksum-Crc32c"); trailer && got != "sOO8/Q==" {
			t.Errorf("trailer %q", got)
		}
	}
}

func TestBrokenChunksAreRefused(t *testing.T) {
	for _, trailer := range []bool{false, true} {
		_, whole := exampleRequest(trailer)
		second := strings.Index(whole, "400;chunk")
		cases := map[string]string{
			"a changed byte":     strings.Replace(whole, "aaa", "aab", 1),
			"a changed size":     "ffff" + whole[5:],
			"the last chunk cut": whole[:strings.LastIndex(whole, "0;chunk")],
			"cut in a chunk":     whole[:1000],
			"nothing":            "",
			"chunks swapped":     whole[second:] + whole[:second],
			"no signature":       "10000\r\n" + whole[90:],
			"not hexadecimal":    "zz" + whole,
			"a negative size":    "-1" + whole[5:],
			"a huge size":        "7fffffffffffffff" + whole[5:],
			"a long line":        strings.Repeat("0", 10000) + whole,
		}
		if trailer {
			cases["a changed trailer"] = strings.Replace(whole, "sOO8", "sOO9", 1)
			cases["no trailer signature"] = whole[:strings.Index(whole, "x-amz-trailer-sig")] + "\r\n"
		}
		for name, body := range cases {
			r, _ := exampleRequest(trailer)
			got, err := readStream(r, body)
			if err == nil {
				t.Errorf("%s, trailer %v: no error", name, trailer)
			}
			if strings.Contains(got, "b") || len(got) > 66560 {
				t.Errorf("%s, trailer %v: unchecked data was given out", name, trailer)
			}
		}
	}
}

// stream signs and sends a body whose payload is named, with the credential of the examples.
func stream(payload, decoded, body string) (*http.Request, string, error) {
	r := httptest.NewRequest("PUT", "/b/k", nil)
	if decoded != "" {
		r.Header.Set("X-Amz-Decoded-Content-Length", decoded)
	}
	sigv4.Signer{Credential: exampleCred, Region: "us-east-1", Service: "s3"}.Sign(r, payload, exampleTime)
	got, err := readStream(r, body)
	return r, got, err
}

func TestUnsignedChunks(t *testing.T) {
	const form = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	for _, body := range []string{
		"3\r\nabc\r\n4\r\ndefg\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n",
		"3\r\nabc\r\n4\r\ndefg\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n",
	} {
		r, got, err := stream(form, "7", body)
		if err != nil || got != "abcdefg" || r.Trailer.Get("x-amz-checksum-crc32") != "AAAA" {
			t.Errorf("got %q, %v, trailer %v", got, err, r.Trailer)
		}
	}
	for name, c := range map[string][2]string{
		"less than said": {"8", "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"},
		"more than said": {"6", "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"},
		"cut short":      {"7", "3\r\nabc\r\n4\r\nde"},
		"longer chunk":   {"7", "3\r\nabcd\r\n"},
		"a bad length":   {"x", ""},
	} {
		if _, _, err := stream(form, c[0], c[1]); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPlainStreams(t *testing.T) {
	if _, got, err := stream(sigv4.HashPayload([]byte("abc")), "", "abc"); err != nil || got != "abc" {
		t.Errorf("hashed: %q, %v", got, err)
	}
	if _, _, err := stream(sigv4.HashPayload([]byte("abc")), "", "abd"); code(err) != sigv4.InvalidSignature {
		t.Errorf("wrong hash: %v", err)
	}
	if _, got, err := stream(sigv4.UnsignedPayload, "", "abc"); err != nil || got != "abc" {
		t.Errorf("unsigned: %q, %v", got, err)
	}
	if _, _, err := stream("nonsense", "", "abc"); code(err) != sigv4.IncompleteSignature {
		t.Errorf("nonsense: %v", err)
	}
}

func FuzzChunks(f *testing.F) {
	f.Add("3\r\nabc\r\n0\r\na:b\r\n\r\n", false)
	_, body := exampleRequest(true)
	f.Add(body[len(body)-300:], true)
	f.Fuzz(func(t *testing.T, body string, signed bool) {
		form := "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
		if signed {
			form = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
		}
		_, got, err := stream(form, "", body)
		if len(got) > len(body) || signed && got != "" {
			t.Errorf("%q gives %q", body, got)
		}
		var e *sigv4.Error
		if err != nil && !errors.As(err, &e) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q fails with %v", body, err)
		}
	})
}
