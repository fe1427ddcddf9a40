// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"mime"
	"strconv"
	"strings"
	"time"

	"galen/internal/fhir"
	"galen/internal/subscription/deliver"
)

// Status is that of a Subscription.
//
// http://hl7.org/fhir/R4/valueset-subscription-status.html
type Status string

// The statuses.
const (
	Requested Status = "requested"
	Active    Status = "active"
	Failed    Status = "error"
	Off       Status = "off"
)

// ChannelType is how notifications reach a subscriber.
type ChannelType string

// The channels that are served.
const (
	RestHook    ChannelType = "rest-hook"
	WebSocket   ChannelType = "websocket"
	EventBridge ChannelType = "event-bridge"
)

// Content is how much of a resource notifications have.
type Content string

// The contents.
const (
	Empty        Content = "empty"
	IDOnly       Content = "id-only"
	FullResource Content = "full-resource"
)

// Subscription is a Subscription resource that asks for the events of a topic.
type Subscription struct {
	ID        string
	VersionID uint32
	Status    Status
	Criteria  string // the topic's canonical URL, or its address
	Channel   Channel
	End       time.Time // zero: never

	filters []filter
}

// Channel is where and how notifications are sent.
type Channel struct {
	Type      ChannelType
	Endpoint  string
	Headers   []string // "Name: value"
	Payload   string   // media type; FHIR's JSON or XML
	Content   Content
	Heartbeat time.Duration // without a notification, until a heartbeat is sent; 0: none is
	Timeout   time.Duration // of one attempt; 0: the server's
	MaxCount  int           // events in one notification; 0: the server's
	OAuth     deliver.Client
}

// Extensions of Subscription that the guide defines, after this; and HealthLake's own of the channel's type, after theirs.
const (
	extension           = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-"
	healthLakeExtension = "http://healthlake.amazonaws.com/channel-type-"
)

// IsTopicBased reports whether a Subscription asks for a topic. R4's own kind has a search in criteria; it is stored, and not served.
func IsTopicBased(resource fhir.Node) bool {
	if fhir.Type(resource) != "Subscription" {
		return false
	}
	criteria := resource.Field("criteria").Text()
	name, _, _ := strings.Cut(criteria, "?")
	return criteria != "" && !fhir.ValidTypeName(name)
}

// ParseSubscription reads a Subscription that is topic-based. It fails with fault.Unprocessable for what the guide does not have, or what is not
// served.
func ParseSubscription(resource fhir.Node) (*Subscription, error) {
	s := &Subscription{ID: strings.Clone(fhir.ID(resource)), Criteria: strings.Clone(resource.Field("criteria").Text()),
		Status: Status(strings.Clone(resource.Field("status").Text()))}
	if n, err := strconv.ParseUint(fhir.VersionID(resource), 10, 32); err == nil {
		s.VersionID = uint32(n)
	}
	if end := resource.Field("end"); end.Ok() {
		at, ok := fhir.ParseInstant(end.Text())
		if !ok {
			return nil, refuse("Subscription.end", "end is an instant")
		}
		s.End = at.Time(0)
	}
	for _, x := range resource.Field("_criteria").Field("extension").Elements() {
		if !x.Field("url").Is(extension + "filter-criteria") {
			continue
		}
		f, err := parseFilter(strings.Clone(x.Field("valueString").Text()))
		if err != nil {
			return nil, err
		}
		if s.filters = append(s.filters, f); len(s.filters) > maxFilters {
			return nil, refuse("Subscription.criteria.extension", "more than %d filters", maxFilters)
		}
	}
	return s, s.parseChannel(resource.Field("channel"))
}

func (s *Subscription) parseChannel(n fhir.Node) error {
	c := &s.Channel
	c.Type = ChannelType(strings.Clone(n.Field("type").Text()))
	c.Endpoint = strings.Clone(n.Field("endpoint").Text())
	c.Payload = "application/fhir+json"
	if text := n.Field("payload").Text(); text != "" {
		c.Payload, _, _ = mime.ParseMediaType(text)
	}
	for _, h := range n.Field("header").Elements() {
		c.Headers = append(c.Headers, strings.Clone(h.Text()))
	}
	for _, x := range n.Field("extension").Elements() {
		number := func(member string) int {
			v, _ := strconv.Atoi(x.Field(member).Number())
			return v
		}
		switch x.Field("url").Text() {
		case extension + "heartbeat-period":
			c.Heartbeat = time.Duration(number("valueUnsignedInt")) * time.Second
		case extension + "timeout":
			c.Timeout = time.Duration(number("valueUnsignedInt")) * time.Second
		case extension + "max-count":
			c.MaxCount = number("valuePositiveInt")
		}
	}
	for _, x := range n.Field("_payload").Field("extension").Elements() {
		if x.Field("url").Is(extension + "payload-content") {
			c.Content = Content(valueText(x))
		}
	}
	for _, x := range n.Field("_type").Field("extension").Elements() {
		switch url := x.Field("url").Text(); url {
		case extension + "channel-type":
			c.Type = ChannelType(strings.Clone(x.Field("valueCoding").Field("code").Text()))
		case healthLakeExtension + "clientId":
			c.OAuth.ID = valueText(x)
		case healthLakeExtension + "clientSecret":
			c.OAuth.Secret = valueText(x)
		case healthLakeExtension + "oauth-endpoint":
			c.OAuth.URL = valueText(x)
		}
	}
	return s.checkChannel()
}

// Bounds of a channel.
const (
	maxHeartbeat = 31 * 24 * time.Hour
	maxTimeout   = time.Minute
	maxCount     = 1000
)

func (s *Subscription) checkChannel() error {
	c := &s.Channel
	switch c.Type {
	case RestHook, EventBridge:
		if c.Endpoint == "" {
			return refuse("Subscription.channel.endpoint", "a channel of type %s has an endpoint", c.Type)
		}
	case WebSocket:
	default:
		return refuse("Subscription.channel.type", "the channels that are served are rest-hook, websocket and event-bridge")
	}
	switch c.Content {
	case Empty, IDOnly, FullResource:
	default:
		return refuse("Subscription.channel.payload", "the payload's extension backport-payload-content says empty, id-only or full-resource")
	}
	switch c.Payload {
	case "application/fhir+json", "application/json":
	case "application/fhir+xml", "application/xml":
		if c.Type == EventBridge {
			return refuse("Subscription.channel.payload", "events of an event bus are JSON")
		}
	default:
		return refuse("Subscription.channel.payload", "the payload is application/fhir+json or application/fhir+xml")
	}
	if c.Heartbeat < 0 || c.Heartbeat > maxHeartbeat || c.Timeout < 0 || c.Timeout > maxTimeout || c.MaxCount < 0 || c.MaxCount > maxCount {
		return refuse("Subscription.channel.extension", "the heartbeat period is %d seconds at most, the timeout %d, the maximum count %d",
			int(maxHeartbeat.Seconds()), int(maxTimeout.Seconds()), maxCount)
	}
	if err := deliver.CheckHeaders(c.Headers); err != nil {
		return err
	}
	if (c.OAuth.ID == "") != (c.OAuth.URL == "") {
		return refuse("Subscription.channel.type.extension", "client credentials are a client id, a client secret and an OAuth endpoint")
	}
	return nil
}
