// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"strconv"
	"time"

	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/xml"
	"galen/internal/record"
	"galen/internal/store"
)

// The types of notifications.
//
// http://hl7.org/fhir/R4B/valueset-subscription-notification-type.html
const (
	handshake         = "handshake"
	heartbeat         = "heartbeat"
	eventNotification = "event-notification"
	queryStatus       = "query-status"
	queryEvent        = "query-event"
)

// notification is what a subscriber is told.
type notification struct {
	sub     *Subscription
	topic   string // canonical URL
	base    string // of the data store, without a slash at the end
	kind    string
	status  Status
	content Content
	last    uint64 // events since the subscription began, these included
	events  []told
	problem string // that deliveries have; empty: none
	at      time.Time
}

// told is an event with the version that it is about.
type told struct {
	event
	record.Version // erased since: without id and body
}

func (t *told) typeName() string { return def.R4().TypeByID(def.TypeID(t.event.typ)).Name }

func (t *told) key() string { return t.typeName() + "/" + t.ID }

// readTold reads what events are about, in their order, until it is bytes long; at least one.
func readTold(ctx context.Context, v *record.View, events []event, content Content, bytes int) ([]told, error) {
	var list []told
	for _, e := range events {
		found, err := v.Bodies(ctx, e.typ, e.version)
		if err != nil {
			return nil, err
		}
		if content == FullResource {
			if bytes -= len(found[0].Body); bytes < 0 && len(list) > 0 {
				break
			}
		} else {
			found[0].Body = nil
		}
		list = append(list, told{e, found[0]})
	}
	return list, nil
}

func (n *notification) reference() string { return n.base + "/Subscription/" + n.sub.ID }

// writer appends the parameters of a Parameters resource, or parts.
type parameters struct{ dst []byte }

func (p *parameters) begin(name string) {
	if p.dst[len(p.dst)-1] != '[' {
		p.dst = append(p.dst, ',')
	}
	p.dst = fhir.AppendString(append(p.dst, `{"name":`...), name)
}

func (p *parameters) text(name, member, value string) {
	p.begin(name)
	p.dst = append(append(append(p.dst, `,"`...), member...), `":`...)
	p.dst = append(fhir.AppendString(p.dst, value), '}')
}

func (p *parameters) reference(name, value string) {
	p.begin(name)
	p.dst = append(p.dst, `,"valueReference":{"reference":`...)
	p.dst = append(fhir.AppendString(p.dst, value), `}}`...)
}

// appendStatus appends the Parameters that tell of the subscription and its events.
//
// http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-status-r4
func (n *notification) appendStatus(dst []byte, id string) []byte {
	dst = fhir.AppendString(append(dst, `{"resourceType":"Parameters","id":`...), id)
	dst = append(dst, `,"meta":{"profile":["`+profile+`subscription-status-r4"]},"parameter":[`...)
	p := &parameters{dst}
	p.reference("subscription", n.reference())
	if n.content != Empty && n.topic != "" {
		p.text("topic", "valueCanonical", n.topic)
	}
	p.text("status", "valueCode", string(n.status))
	p.text("type", "valueCode", n.kind)
	p.text("events-since-subscription-start", "valueString", strconv.FormatUint(n.last, 10))
	for i := range n.events {
		e := &n.events[i]
		p.begin("notification-event")
		p.dst = append(p.dst, `,"part":[`...)
		p.text("event-number", "valueString", strconv.FormatUint(e.number, 10))
		p.text("timestamp", "valueInstant", string(fhir.AppendInstant(nil, e.event.time)))
		if n.content != Empty && e.ID != "" {
			p.reference("focus", n.base+"/"+e.key())
		}
		p.dst = append(p.dst, `]}`...)
	}
	if n.problem != "" {
		p.begin("error")
		p.dst = fhir.AppendString(append(p.dst, `,"valueCodeableConcept":{"text":`...), n.problem)
		p.dst = append(p.dst, `}}`...)
	}
	return append(p.dst, `]}`...)
}

// profile is what the guide's profiles begin with.
const profile = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"

// appendBundle appends the notification.
//
// http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription-notification-r4
func (n *notification) appendBundle(dst []byte) []byte {
	id := store.NewID()
	dst = append(dst, `{"resourceType":"Bundle","id":"`+store.NewID()+`","meta":{"profile":["`+profile+`subscription-notification-r4"]},`...)
	dst = fhir.AppendInstant(append(dst, `"type":"history","timestamp":"`...), n.at)
	dst = append(dst, `","entry":[{"fullUrl":"urn:uuid:`+id+`","resource":`...)
	dst = n.appendStatus(dst, id)
	dst = fhir.AppendString(append(dst, `,"request":{"method":"GET","url":`...), n.reference()+"/$status")
	dst = append(dst, `},"response":{"status":"200"}}`...)
	if n.content == FullResource {
		for i := range n.events {
			dst = n.appendEntry(dst, &n.events[i], false)
		}
	}
	return append(dst, `]}`...)
}

// appendEntry appends the resource of an event; ofBus names the interaction as HealthLake's events do.
func (n *notification) appendEntry(dst []byte, e *told, ofBus bool) []byte {
	if e.ID == "" {
		return dst
	}
	method, url, status := "POST", e.typeName(), "201"
	switch e.interaction {
	case Updated:
		method, url, status = "PUT", e.key(), "200"
	case Deleted:
		method, url, status = "DELETE", e.key(), "204"
	case Created:
		if e.Method == record.Put {
			method, url = "PUT", e.key()
		}
	}
	if ofBus {
		method = map[Interaction]string{Created: "CREATE", Updated: "UPDATE", Deleted: "DELETE"}[e.interaction]
	}
	dst = fhir.AppendString(append(dst, `,{"fullUrl":`...), n.base+"/"+e.key())
	if e.Body != nil {
		dst = append(append(dst, `,"resource":`...), e.Body...)
	}
	dst = append(dst, `,"request":{"method":"`+method+`","url":`...)
	dst = fhir.AppendString(dst, url)
	return append(dst, `},"response":{"status":"`+status+`"}}`...)
}

// encode gives the notification in the form that the channel asks for, and its media type.
func (n *notification) encode() ([]byte, string, error) {
	body := n.appendBundle(nil)
	media := n.sub.Channel.Payload
	if media != "application/fhir+xml" && media != "application/xml" {
		return body, media, nil
	}
	var tape fhir.Tape
	if err := tape.Parse(body, stored); err != nil {
		return nil, "", fault.Wrap(fault.Internal, err, "a notification cannot be written")
	}
	text, err := xml.Encode(nil, tape.Root(), xml.Encoding{})
	return text, media, err
}
