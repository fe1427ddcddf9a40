// SPDX-License-Identifier: Apache-2.0

package shape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Kind is the type of a shape, in the model's own words.
type Kind string

// The kinds of shapes. Byte-sized and short integers do not occur in the models used here and are refused by Load.
const (
	Structure Kind = "structure"
	List      Kind = "list"
	Map       Kind = "map"
	String    Kind = "string"
	Boolean   Kind = "boolean"
	Integer   Kind = "integer"
	Long      Kind = "long"
	Float     Kind = "float"
	Double    Kind = "double"
	Timestamp Kind = "timestamp"
	Blob      Kind = "blob"
)

// Model is one service: its operations and its shapes.
type Model struct {
	Service      string // signing name, such as healthlake
	TargetPrefix string // what X-Amz-Target begins with, before the dot
	Version      string // apiVersion
	Operations   map[string]*Operation
	Shapes       map[string]*Shape
}

// Operation is one call of the service.
type Operation struct {
	Name   string
	HTTP   HTTP   // where it is called, in protocols that route by path
	Input  *Shape // nil if the operation takes nothing
	Output *Shape // nil if it answers nothing
	Errors []*Shape
}

// HTTP is the method and the path of an operation, and the status of its answer.
type HTTP struct {
	Method string
	URI    string // template: /domain/{domainId}?status=x
	Status int    // 200 if the model gives none
}

// Allows reports whether the operation's contract names the exception.
func (o *Operation) Allows(exception string) bool {
	return slices.ContainsFunc(o.Errors, func(s *Shape) bool { return s.Name == exception })
}

// Shape is one type of the model with its bounds. Bounds are nil where the model gives none.
type Shape struct {
	Name      string
	Kind      Kind
	Members   []Member // of a structure, in the model's order
	Union     bool     // exactly one member is present
	Element   *Shape   // of a list; the values of a map
	Key       *Shape   // of a map
	Enum      []string
	Min, Max  *int64 // length in code points or bytes, number of items, or value
	Sensitive bool   // the value may not be echoed or logged
	Exception bool
	Status    int    // of an exception: its HTTP status
	Payload   string // of a structure: the member that is the whole body
	Time      Time   // of a timestamp: how it is written

	pattern *pattern
}

// Time is a form of timestamps, in the model's words. The zero value is the protocol's own for the place it is in.
type Time string

// The forms.
const (
	EpochSeconds Time = "unixTimestamp"
	DateTime     Time = "iso8601"
	HTTPDate     Time = "rfc822"
)

// Place is where in a message a member is.
type Place string

// The places. The zero value is the body.
const (
	Body    Place = ""
	Label   Place = "uri" // a label of the path
	Query   Place = "querystring"
	Header  Place = "header"
	Headers Place = "headers" // all headers with a prefix
	Status  Place = "statusCode"
)

// Member is one member of a structure.
type Member struct {
	Name      string
	Shape     *Shape
	Required  bool
	Generated bool // an idempotency token: clients fill it in
	Place     Place
	Wire      string // its name there: of the label, the query parameter, the header, or in JSON
}

// Member returns the member of that exact name.
func (s *Shape) Member(name string) (Member, bool) {
	for _, m := range s.Members {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

// Load reads a model in the compact form, with overlays in the same form applied in order: an overlay's operations and
// shapes are added, a structure's members and enum values are appended to those of a shape already there, and every
// other property it gives replaces the one there. It fails if a reference or a pattern cannot be resolved.
func Load(data []byte, overlays ...[]byte) (*Model, error) {
	var f file
	if err := f.read(data); err != nil {
		return nil, err
	}
	for i, o := range overlays {
		var g file
		if err := g.read(o); err != nil {
			return nil, fmt.Errorf("overlay %d: %w", i, err)
		}
		f.add(g)
	}
	return f.link()
}

// file is a model as it is written.
type file struct {
	Metadata struct {
		APIVersion    string `json:"apiVersion"`
		SigningName   string `json:"signingName"`
		TargetPrefix  string `json:"targetPrefix"`
		EndpointName  string `json:"endpointPrefix"`
		JSONVersion   string `json:"jsonVersion"`
		Documentation string `json:"-"`
	} `json:"metadata"`
	Operations map[string]*fileOperation `json:"operations"`
	Shapes     map[string]*fileShape     `json:"shapes"`
}

type fileOperation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Status int    `json:"responseCode"`
	} `json:"http"`
	Input  reference   `json:"input"`
	Output reference   `json:"output"`
	Errors []reference `json:"errors"`
}

// reference names a shape: plainly, or as {"shape": name} the way botocore writes it.
type reference string

func (r *reference) UnmarshalJSON(data []byte) error {
	var long struct{ Shape string }
	if err := json.Unmarshal(data, &long); err == nil {
		*r = reference(long.Shape)
		return nil
	}
	return json.Unmarshal(data, (*string)(r))
}

type fileShape struct {
	Type      Kind       `json:"type"`
	Required  []string   `json:"required"`
	Members   members    `json:"members"`
	Member    *reference `json:"member"`
	Key       *reference `json:"key"`
	Value     *reference `json:"value"`
	Enum      []string   `json:"enum"`
	Min       *float64   `json:"min"`
	Max       *float64   `json:"max"`
	Pattern   string     `json:"pattern"`
	Union     bool       `json:"union"`
	Sensitive bool       `json:"sensitive"`
	Exception bool       `json:"exception"`
	Payload   string     `json:"payload"`
	Time      Time       `json:"timestampFormat"`
	Fault     bool       `json:"fault"`
	Error     struct {
		Status int `json:"httpStatusCode"`
	} `json:"error"`
}

// members keeps the order of a JSON object, which AWS's messages follow.
type members []fileMember

type fileMember struct {
	Name  string
	Shape string `json:"shape"`
	Token bool   `json:"idempotencyToken"`
	Place Place  `json:"location"`
	Wire  string `json:"locationName"`
	Time  Time   `json:"timestampFormat"`
}

func (m *members) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("members are not an object: %v", err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var one fileMember
		if err := dec.Decode(&one); err != nil {
			return err
		}
		one.Name, _ = name.(string)
		*m = append(*m, one)
	}
	return nil
}

func (f *file) read(data []byte) error {
	if err := json.Unmarshal(data, f); err != nil {
		return fmt.Errorf("service model: %w", err)
	}
	return nil
}

func (f *file) add(g file) {
	if f.Operations == nil {
		f.Operations = map[string]*fileOperation{}
	}
	if f.Shapes == nil {
		f.Shapes = map[string]*fileShape{}
	}
	for name, o := range g.Operations {
		f.Operations[name] = o
	}
	for name, s := range g.Shapes {
		if old := f.Shapes[name]; old != nil {
			old.add(s)
		} else {
			f.Shapes[name] = s
		}
	}
}

// add puts the properties that o gives over those of s.
func (s *fileShape) add(o *fileShape) {
	for _, m := range o.Members {
		if !slices.ContainsFunc(s.Members, func(x fileMember) bool { return x.Name == m.Name }) {
			s.Members = append(s.Members, m)
		}
	}
	for _, v := range o.Enum {
		if !slices.Contains(s.Enum, v) {
			s.Enum = append(s.Enum, v)
		}
	}
	if o.Required != nil {
		s.Required = o.Required
	}
	if o.Min != nil {
		s.Min = o.Min
	}
	if o.Max != nil {
		s.Max = o.Max
	}
	if o.Pattern != "" {
		s.Pattern = o.Pattern
	}
	s.Sensitive = s.Sensitive || o.Sensitive
}
