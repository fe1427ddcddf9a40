// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"strconv"
	"strings"

	"galen/internal/fhir"
	"galen/internal/store"
)

// maxBusEvent is the most an event bus takes. A notification with resources that is larger goes without them.
const maxBusEvent = 256 << 10

// isARN reports whether an endpoint names an event bus.
func isARN(endpoint string) bool { return strings.HasPrefix(endpoint, "arn:") }

// appendBusEvent appends the notification as HealthLake puts it on an event bus: the envelope of EventBridge around a Bundle in the form of R4B.
//
// https://docs.aws.amazon.com/healthlake/latest/devguide/managing-fhir-subscriptions.html
func (n *notification) appendBusEvent(dst []byte, region string, place Place) []byte {
	body := n.appendEnvelope(nil, region, place)
	if len(body) > maxBusEvent && n.content == FullResource {
		small := *n
		small.content = IDOnly
		body = small.appendEnvelope(nil, region, place)
	}
	return append(dst, body...)
}

func (n *notification) appendEnvelope(dst []byte, region string, place Place) []byte {
	text := func(before, value string) { dst = fhir.AppendString(append(dst, before...), value) }
	text(`{"version":"0","id":`, store.NewID())
	text(`,"detail-type":"FHIR Subscription Notification","source":"healthlake","account":`, place.Account)
	text(`,"time":`, n.at.UTC().Format("2006-01-02T15:04:05Z"))
	text(`,"region":`, region)
	text(`,"resources":[`, "arn:aws:healthlake:"+region+":"+place.Account+":datastore/fhir/"+place.DataStore)
	text(`],"detail":{"subscriptionUrl":`, n.reference())
	text(`,"notificationBundlePayload":{"resourceType":"Bundle","id":`, store.NewID())
	dst = fhir.AppendInstant(append(dst, `,"type":"history","timestamp":"`...), n.at)
	dst = append(dst, `","entry":[{"resource":`...)
	dst = n.appendBusStatus(dst)
	text(`,"request":{"method":"GET","url":`, n.reference()+"/$status")
	dst = append(dst, `},"response":{"status":"200"}}`...)
	if n.content == FullResource {
		for i := range n.events {
			dst = n.appendEntry(dst, &n.events[i], true)
		}
	}
	return append(dst, `]}}}`...)
}

// appendBusStatus appends the SubscriptionStatus of R4B.
//
// http://hl7.org/fhir/R4B/subscriptionstatus.html
func (n *notification) appendBusStatus(dst []byte) []byte {
	text := func(before, value string) { dst = fhir.AppendString(append(dst, before...), value) }
	text(`{"resourceType":"SubscriptionStatus","status":`, string(n.status))
	text(`,"type":`, n.kind)
	text(`,"eventsSinceSubscriptionStart":`, strconv.FormatUint(n.last, 10))
	text(`,"subscription":{"reference":`, n.reference())
	dst = append(dst, '}')
	if n.content != Empty && n.topic != "" {
		text(`,"topic":`, n.topic)
	}
	for i := range n.events {
		e := &n.events[i]
		before := `,`
		if i == 0 {
			before = `,"notificationEvent":[`
		}
		text(before+`{"id":`, n.sub.ID+"-"+strconv.FormatUint(e.number, 10))
		text(`,"eventNumber":`, strconv.FormatUint(e.number, 10))
		text(`,"timestamp":`, string(fhir.AppendInstant(nil, e.event.time)))
		if n.content != Empty && e.ID != "" {
			text(`,"focus":{"reference":`, e.key())
			text(`},"additionalContext":[{"reference":`, e.key()+"/_history/"+strconv.FormatUint(uint64(e.VersionID), 10))
			dst = append(dst, `}]`...)
		}
		dst = append(dst, '}')
	}
	if len(n.events) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, '}')
}
