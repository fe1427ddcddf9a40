// SPDX-License-Identifier: Apache-2.0

package scribe

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"galen/internal/aws/eventstream"
	"galen/internal/fault"
	"galen/internal/scribe"
)

// source gives a client's events: eventstream.Reader's Next, or a WebSocket's messages.
type source interface {
	Next() (eventstream.Event, error)
}

// patient is a stream whose client has a limited time for each event.
type patient struct {
	control *http.ResponseController
	idle    time.Duration
	events  *eventstream.Reader
}

func (p *patient) Next() (eventstream.Event, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(p.idle)) // not all writers have one; then there is no connection to guard
	return p.events.Next()
}

// writeTimeout is how long a client may take to take one message. One that takes none any more is heard on, but told nothing.
const writeTimeout = 30 * time.Second

// connection is one stream in both directions, over either transport.
type connection struct {
	h     *Handler
	live  *scribe.Live
	write func(message []byte) error // sends one whole message within writeTimeout
}

// serve takes the client's events and sends what is heard, until the client or a fault ends it, of which it tells the client. It gives what went
// wrong; nil at a good end.
func (c *connection) serve(ctx context.Context, in source) error {
	var telling sync.WaitGroup
	telling.Go(c.tell)
	err := c.take(ctx, in)
	cerr := c.live.Close()
	telling.Wait()
	if err == nil {
		err = cerr
	} else if cerr != nil {
		c.h.o.Log.ErrorContext(ctx, "a session could not be left well", "error", cerr)
	}
	if err != nil {
		if e, there := c.h.last(ctx, err); there {
			_ = c.send(e) // the client may be gone
		}
	}
	return err
}

// take hands the client's events to the session.
func (c *connection) take(ctx context.Context, in source) error {
	for {
		e, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.event(ctx, e); err != nil {
			return err
		}
	}
}

func (c *connection) event(ctx context.Context, e eventstream.Event) error {
	if e.Kind != eventstream.KindEvent {
		return fault.New(fault.Invalid, "a client sends events only")
	}
	switch e.Type {
	case "configurationEvent":
		config, err := parseConfig(e.Payload)
		if err != nil {
			return err
		}
		return c.live.Configure(ctx, config)
	case "binaryAudioEvent":
		return c.live.Audio(ctx, e.Payload)
	case "audioEvent":
		piece, err := parseAudio(e.Payload)
		if err != nil {
			return err
		}
		return c.live.Audio(ctx, piece)
	case "sessionControlEvent":
		if err := parseControl(e.Payload); err != nil {
			return err
		}
		return c.live.End()
	}
	return fault.New(fault.Invalid, "there is no such event in this stream: configurationEvent, audioEvent, binaryAudioEvent or sessionControlEvent")
}

// tell sends what is heard. If the client is gone it goes on taking it.
func (c *connection) tell() {
	var gone error
	for s := range c.live.Segments() {
		if gone == nil {
			gone = c.send(transcriptEvent(s))
		}
	}
}

func (c *connection) send(e eventstream.Event) error {
	b, err := eventstream.Append(nil, e)
	if err != nil {
		return err
	}
	return c.write(b)
}
