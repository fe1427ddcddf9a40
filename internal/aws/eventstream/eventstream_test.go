// SPDX-License-Identifier: Apache-2.0

package eventstream_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/aws/aws-sdk-go-v2/aws"

	"galen/internal/aws/eventstream"
	"galen/internal/aws/sigv4"
	"galen/internal/fault"
)

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

var (
	at     = time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC)
	seed   = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	signer = sigv4.Signer{Credential: sigv4.Credential{AccessKey: "AKIDEXAMPLE", Secret: secret}, Region: "us-east-1", Service: "health-agent"}
	end    = eventstream.Event{Kind: "event", Type: "sessionControlEvent", ContentType: "application/json", Payload: []byte(`{"type":"END_OF_SESSION"}`)}
)

// The frames of a session's end, made by the AWS SDK for Go's signer.
const (
	innerFrame = "0000008200000059bcb3d5cb0b3a6576656e742d7479706507001373657373696f6e436f6e74726f6c4576656e740d3a6d6573736167652d747970650700056576656e740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b2274797065223a22454e445f4f465f53455353494f4e227daf4115fb"
	endFrame   = "0000005300000043f5447a58053a64617465080000019cbdde7a00103a6368756e6b2d7369676e6174757265060020b3f03045f5d8d9a87a69677336e346591026fdc0b1ec0600949e889f8e182234" + "9afed554"
)

func TestFramesOfTheSDK(t *testing.T) {
	inner, err := eventstream.Append(nil, end)
	if got := hex.EncodeToString(inner); err != nil || got != innerFrame {
		t.Errorf("the event is %s, %v; want %s", got, err, innerFrame)
	}
	chain := sigv4.NewChain(signer, seed, at)
	stream, err := eventstream.AppendSigned(nil, &end, chain, at)
	if err != nil || !strings.Contains(hex.EncodeToString(stream), "9b082a7421d020b9ddb5d0627ee625792e69ee4ecaa23d6782e77820d2cd8bad") || len(stream) != 213 {
		t.Errorf("%d bytes, %v: %x", len(stream), err, stream)
	}
	last, err := eventstream.AppendSigned(nil, nil, chain, at)
	if got := hex.EncodeToString(last); err != nil || got != endFrame {
		t.Errorf("the last frame is %s, %v; want %s", got, err, endFrame)
	}
	r := eventstream.NewReader(bytes.NewReader(append(stream, last...)), sigv4.NewChain(signer, seed, at), 1024, func() time.Time { return at })
	got, err := r.Next()
	if err != nil || got.Type != end.Type || string(got.Payload) != string(end.Payload) || got.ContentType != end.ContentType {
		t.Errorf("read %+v, %v", got, err)
	}
	for range 2 {
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("after the end: %v", err)
		}
	}
}

// TestSignerOfTheSDK holds the chain to the AWS SDK's own signer over many events.
func TestSignerOfTheSDK(t *testing.T) {
	raw, err := hex.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	other := v4.NewStreamSigner(aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secret}, "health-agent", "us-east-1", raw)
	ours := sigv4.NewChain(signer, seed, at)
	for i := range 50 {
		header, payload, when := bytes.Repeat([]byte{byte(i)}, 15), bytes.Repeat([]byte{1, 2}, i*37), at.Add(time.Duration(i)*time.Second)
		want, err := other.GetSignature(t.Context(), header, payload, when)
		if err != nil {
			t.Fatal(err)
		}
		if got := ours.Sign(header, when, payload); !bytes.Equal(got[:], want) {
			t.Fatalf("event %d: %x, want %x", i, got, want)
		}
	}
}

func TestRefusedStreams(t *testing.T) {
	audio := func(n int) *eventstream.Event {
		return &eventstream.Event{Type: "binaryAudioEvent", ContentType: "application/octet-stream", Payload: make([]byte, n)}
	}
	sign := func(chain *sigv4.Chain, e *eventstream.Event, when time.Time) []byte {
		b, err := eventstream.AppendSigned(nil, e, chain, when)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	chain := sigv4.NewChain(signer, seed, at)
	one, two := sign(chain, audio(10), at), sign(chain, audio(20), at)
	unsigned, err := eventstream.Append(nil, *audio(5))
	if err != nil {
		t.Fatal(err)
	}
	flip := func(b []byte, i int) []byte { b = bytes.Clone(b); b[i] ^= 1; return b }
	wrongChain := sign(sigv4.NewChain(signer, strings.Repeat("0", 64), at), audio(5), at)
	for _, c := range []struct {
		name   string
		stream []byte
		reads  int // events before the failure
		want   error
	}{
		{"good", append(bytes.Clone(one), two...), 2, io.EOF},
		{"bad checksum", append(bytes.Clone(one), flip(two, len(two)-1)...), 1, fault.Invalid},
		{"bad prelude", flip(one, 9), 0, fault.Invalid},
		{"headers longer than the message", append([]byte{0, 0, 0, 16, 255, 255, 255, 255}, make([]byte, 8)...), 0, fault.Invalid},
		{"cut short", one[:len(one)-1], 0, io.ErrUnexpectedEOF},
		{"repeated", append(bytes.Clone(one), one...), 1, fault.Unauthenticated},
		{"another order", append(bytes.Clone(two), one...), 0, fault.Unauthenticated},
		{"unsigned", unsigned, 0, fault.Unauthenticated},
		{"signed by another", wrongChain, 0, fault.Unauthenticated},
		{"late", sign(sigv4.NewChain(signer, seed, at), audio(5), at.Add(-6*time.Minute)), 0, fault.Unauthenticated},
		{"early", sign(sigv4.NewChain(signer, seed, at), audio(5), at.Add(6*time.Minute)), 0, fault.Unauthenticated},
		{"too long", sign(sigv4.NewChain(signer, seed, at), audio(40_000), at), 0, fault.Invalid},
		{"huge length", []byte{255, 255, 255, 255, 0}, 0, fault.Invalid},
		{"no length", []byte{0, 0, 0, 0, 0}, 0, fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := eventstream.NewReader(bytes.NewReader(c.stream), sigv4.NewChain(signer, seed, at), 33_000, func() time.Time { return at })
			for i := 0; ; i++ {
				_, err := r.Next()
				if err == nil {
					continue
				}
				if !errors.Is(err, c.want) || i != c.reads {
					t.Errorf("after %d events: %v; want %v after %d", i, err, c.want, c.reads)
				}
				return
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	frame, _ := hex.DecodeString(innerFrame)
	f.Add(frame)
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := eventstream.Parse(b)
		if err != nil {
			return
		}
		again, err := eventstream.Append(nil, e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := eventstream.Parse(again); err != nil || got.Type != e.Type || !bytes.Equal(got.Payload, e.Payload) {
			t.Fatalf("%+v becomes %+v, %v", e, got, err)
		}
	})
}
