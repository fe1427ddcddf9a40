// SPDX-License-Identifier: Apache-2.0

package eventstream

import (
	"bytes"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"galen/internal/fault"
)

// ContentType is the media type of an event stream.
const ContentType = "application/vnd.amazon.eventstream"

// Event is one message: what a client sends or what a server answers.
type Event struct {
	Kind        string // event, exception or error
	Type        string // of an event or exception, by its name in the model; of an error, its code
	ContentType string // of the payload; empty: none was said
	Payload     []byte
	Message     string // of an error
}

// The kinds of messages.
const (
	KindEvent     = "event"
	KindException = "exception"
	KindError     = "error"
)

// The headers of messages.
const (
	headerKind         = ":message-type"
	headerEvent        = ":event-type"
	headerException    = ":exception-type"
	headerErrorCode    = ":error-code"
	headerErrorMessage = ":error-message"
	headerContentType  = ":content-type"
	headerDate         = ":date"
	headerSignature    = ":chunk-signature"
)

// errFrame is what is wrong with a message that cannot be read; the text after it says what.
func errFrame(text string) error {
	return fault.New(fault.Invalid, "the event stream has %s", text)
}

// Append appends an event as one message.
func Append(dst []byte, e Event) ([]byte, error) {
	var headers sdk.Headers
	switch e.Kind {
	case KindException:
		headers.Set(headerException, sdk.StringValue(e.Type))
	case KindError:
		headers.Set(headerErrorCode, sdk.StringValue(e.Type))
		headers.Set(headerErrorMessage, sdk.StringValue(e.Message))
	default:
		e.Kind = KindEvent
		headers.Set(headerEvent, sdk.StringValue(e.Type))
	}
	headers.Set(headerKind, sdk.StringValue(e.Kind))
	if e.ContentType != "" {
		headers.Set(headerContentType, sdk.StringValue(e.ContentType))
	}
	return appendMessage(dst, sdk.Message{Headers: headers, Payload: e.Payload})
}

func appendMessage(dst []byte, m sdk.Message) ([]byte, error) {
	b := bytes.NewBuffer(dst)
	if err := sdk.NewEncoder().Encode(b, m); err != nil {
		return dst, fault.Wrap(fault.Internal, err, "an event cannot be encoded")
	}
	return b.Bytes(), nil
}

// Parse reads an event from one whole message. The payload shares memory with b.
func Parse(b []byte) (Event, error) {
	m, err := parseMessage(b)
	if err != nil {
		return Event{}, err
	}
	e := Event{Kind: text(m, headerKind), ContentType: text(m, headerContentType), Payload: m.Payload}
	switch e.Kind {
	case KindEvent:
		e.Type = text(m, headerEvent)
	case KindException:
		e.Type = text(m, headerException)
	case KindError:
		e.Type, e.Message = text(m, headerErrorCode), text(m, headerErrorMessage)
	default:
		return Event{}, errFrame("a message of no known " + headerKind)
	}
	if e.Type == "" {
		return Event{}, errFrame("a message that does not say what it is")
	}
	return e, nil
}

func text(m sdk.Message, name string) string {
	v, _ := m.Headers.Get(name).(sdk.StringValue)
	return string(v)
}

// dateHeader is the :date header as it is encoded, which is what a signature covers.
func dateHeader(at time.Time) []byte {
	var b bytes.Buffer
	if err := sdk.EncodeHeaders(&b, sdk.Headers{{Name: headerDate, Value: sdk.TimestampValue(at)}}); err != nil {
		return nil // a buffer takes everything
	}
	return b.Bytes()
}
