// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/validate"
	"galen/internal/record"
	"galen/internal/store"
)

// Bundling says how a batch or transaction is carried out and answered.
type Bundling struct {
	Level  validate.Level // how much is asked of the resources
	Return string         // what is told of each write (Prefer: return=): representation, OperationOutcome, else minimal

	Warned func() // called before Bundle returns if a resource was stored in spite of findings; nil: nothing is

	Operator Operator // carries out the operations that entries call; nil: there are none

	// Receipt, if it is not empty, names a transaction for good: it is carried out once, however often Bundle is called, and
	// answered the same way each time, until ForgetReceipt. It is at most 64 bytes.
	Receipt string

	// Refuse is how a refusal is told in an entry of the answer: its HTTP status and its OperationOutcome.
	Refuse func(error) (status int, outcome []byte)
}

// Bundle carries out the requests of a Bundle and gives the Bundle of their answers. A batch does each for itself; a transaction does
// all or nothing, and its error names the entry that is to blame (Bundle.entry[3]). It fails with fault.Invalid for any
// other Bundle, and with fault.TooLarge for one of too many entries.
//
// http://hl7.org/fhir/R4/http.html#transaction
func (s *Service) Bundle(ctx context.Context, c Caller, body []byte, opt Bundling) ([]byte, error) {
	st, err := s.enter(ctx, c, authz.Capabilities, "", "")
	if err != nil {
		return nil, err
	}
	tape, done := s.tape()
	defer done()
	if err := tape.Parse(body, s.opt.Limits); err != nil {
		return nil, err
	}
	kind, list, err := s.envelope(tape.Root())
	if err != nil {
		return nil, err
	}
	entries := make([]*entry, 0, list.Len())
	for i, n := range list.Elements() {
		e, err := s.parseEntry(c, st, n, i)
		if err == nil && e.writes() {
			err = s.mayWrite(c, e)
		}
		if err == nil && kind == "transaction" && e.operation != "" && e.method != "GET" {
			err = fault.New(fault.Unsupported, "in a transaction, operations are called with GET")
		}
		if err != nil && kind == "transaction" {
			return nil, e.refused(err)
		}
		e.err = err
		entries = append(entries, e)
	}
	var at time.Time
	if kind == "transaction" {
		at, c.At, err = s.transaction(ctx, c, st, entries, opt)
	} else {
		at, err = s.batch(ctx, c, st, entries, opt)
	}
	if err != nil {
		return nil, err
	}
	size := 0
	for _, e := range entries {
		switch {
		case e.err != nil || e.writes():
		case size > maxRead:
			e.err = fault.New(fault.TooCostly, "the answers to the entries before it are too large already: ask for this one on its own")
		default:
			e.err = s.readEntry(ctx, c, e, opt)
			size += len(e.document)
		}
	}
	return answerBundle(c, kind, at, entries, opt), nil
}

// maxRead bounds the bytes of what the entries of a Bundle read: after so many nothing more is read.
const maxRead = 32 << 20

// envelope checks what is around the entries.
func (s *Service) envelope(root fhir.Node) (kind string, entries fhir.Node, err error) {
	kind, entries = root.Field("type").Text(), root.Field("entry")
	switch {
	case fhir.Type(root) != "Bundle":
		err = fault.New(fault.Invalid, "what is posted here is a Bundle")
	case kind != "batch" && kind != "transaction":
		err = fault.New(fault.Invalid, "the type of the Bundle is batch or transaction; others are stored with POST to Bundle").
			WithCode("value").At("Bundle.type")
	case entries.Ok() && entries.Kind() != fhir.Array:
		err = fault.New(fault.Invalid, "the entries of a Bundle are a list").WithCode("structure").At("Bundle.entry")
	case entries.Len() > s.opt.MaxEntries:
		err = fault.New(fault.TooLarge, "the Bundle has more than %d entries", s.opt.MaxEntries).At("Bundle.entry")
	}
	return kind, entries, err
}

// mayWrite checks that the caller may do what an entry asks for.
func (s *Service) mayWrite(c Caller, e *entry) error {
	object := authz.Object{Account: c.Who.Account, Type: e.key.Type, ID: e.key.ID}
	if e.condition != nil {
		if err := c.Who.May(authz.Search, object); err != nil {
			return err
		}
	}
	return c.Who.May(e.action(), object)
}

// batch carries out each entry for itself: what depends on nothing is stored together.
//
// http://hl7.org/fhir/R4/http.html#batch
func (s *Service) batch(ctx context.Context, c Caller, st *store.Store, entries []*entry, opt Bundling) (time.Time, error) {
	err := parallel(ctx, entries, func(e *entry) {
		if e.err != nil || !e.writes() || e.alone() {
			return
		}
		e.put = store.Put{Type: e.key.Type, ID: e.key.ID, Assign: e.method == "POST"}
		if e.put.If, e.err = e.match.condition(); e.err == nil {
			e.err = s.change(ctx, st, e, e.resource.Raw(), opt.Level)
		}
	})
	if err != nil {
		return time.Time{}, err
	}
	var group store.Group
	group.Bodies = opt.Return == "representation"
	changed := inOrder(entries)
	for _, e := range changed {
		group.Changes = append(group.Changes, e.change)
	}
	if len(changed) > 0 {
		results, err := st.Commit(ctx, group)
		if err != nil {
			return time.Time{}, err
		}
		for i, e := range changed {
			r := results[i]
			e.made.Version, e.made.Created, e.made.Changed, e.err = r.Version, r.Created, r.Changed, e.match.missed(r.Err)
		}
	}
	for _, e := range entries {
		if e.err == nil && e.alone() {
			e.err = s.aloneEntry(ctx, c, e, opt)
		}
	}
	return s.opt.Now(), nil
}

// alone reports whether a write of a batch depends on what is there.
func (e *entry) alone() bool { return e.condition != nil || e.method == "PATCH" }

// aloneEntry carries out a write of a batch that depends on what is there.
func (s *Service) aloneEntry(ctx context.Context, c Caller, e *entry, opt Bundling) (err error) {
	in := Input{Body: e.resource.Raw(), Level: opt.Level, Unless: e.unless}
	switch e.method {
	case "PATCH":
		in.Body = e.patch
		if e.condition != nil {
			e.made, err = s.PatchWhere(ctx, c, e.key.Type, e.query, e.match, in)
		} else {
			e.made, err = s.Patch(ctx, c, e.key, e.match, in)
		}
	case "POST":
		e.made, err = s.Create(ctx, c, e.key.Type, in)
	case "PUT":
		e.made, err = s.UpdateWhere(ctx, c, e.key.Type, e.query, e.match, in)
	default:
		e.made, err = s.DeleteWhere(ctx, c, e.key.Type, e.query, e.match)
	}
	return err
}

// invokeEntry calls an operation.
func invokeEntry(ctx context.Context, c Caller, e *entry, opt Bundling) error {
	if opt.Operator == nil {
		return errNowhere
	}
	in := Invocation{Name: e.operation, Key: e.key, VersionID: e.vid, Method: e.method, Query: e.query, InBundle: true}
	if e.method == "POST" {
		in.Body = e.resource.Raw()
	}
	reply, err := opt.Operator.Invoke(ctx, c, in)
	if err != nil {
		return err
	}
	e.replied, e.document = reply.Status, reply.Body
	return nil
}

// readEntry carries out a read, a search or an operation.
func (s *Service) readEntry(ctx context.Context, c Caller, e *entry, opt Bundling) (err error) {
	if e.operation != "" {
		return invokeEntry(ctx, c, e, opt)
	}
	parts := strings.Split(e.path, "/")
	switch {
	case e.path == "_history":
		e.document, err = s.HistoryOf(ctx, c, "", e.query)
	case len(parts) == 2 && parts[1] == "_history":
		e.document, err = s.HistoryOf(ctx, c, parts[0], e.query)
	case e.path == "metadata":
		e.document, err = s.Capabilities(ctx, c)
	case len(parts) == 1:
		e.document, err = s.Search(ctx, c, Find{Type: e.key.Type, Query: e.query})
	case len(parts) == 2:
		e.made.Version, err = s.Read(ctx, c, e.key)
	case len(parts) == 3 && parts[2] == "_history":
		e.document, err = s.History(ctx, c, e.key, e.query)
	case len(parts) == 3:
		e.document, err = s.Search(ctx, c, Find{Type: strings.TrimSuffix(parts[2], "*"), In: e.key, Query: e.query})
	case len(parts) == 4 && parts[2] == "_history":
		e.made.Version, err = s.VRead(ctx, c, e.key, parts[3])
	default:
		err = errNowhere
	}
	if err == nil && e.document == nil {
		e.document, err = s.Part(e.made.Version, e.query)
	}
	return err
}

// parallel calls do for each entry, on all processors if there are many.
func parallel(ctx context.Context, entries []*entry, do func(*entry)) error {
	const few = 8
	workers := min(runtime.GOMAXPROCS(0), len(entries)/few)
	if workers <= 1 {
		for _, e := range entries {
			do(e)
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(entries) {
					return
				}
				do(entries[i])
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// answerBundle makes the Bundle of answers, in the order of the requests.
func answerBundle(c Caller, kind string, at time.Time, entries []*entry, opt Bundling) []byte {
	b := newBundle(c.Base, kind+"-response", at, -1)
	size := 0
	for _, e := range entries {
		size += len(e.document) + len(e.made.Version.Body) + 300
	}
	b.grow(size)
	warned := false
	for _, e := range entries {
		b.answer(e, opt)
		warned = warned || e.err == nil && len(e.made.Warnings) > 0
		e.document = nil // it is told, and may be large
	}
	if warned && opt.Warned != nil {
		opt.Warned()
	}
	return b.bytes()
}

// answer adds the answer to one entry.
func (b *bundle) answer(e *entry, opt Bundling) {
	v := &e.made.Version
	status, outcome := e.status(), []byte(nil)
	resource := v.Body
	switch {
	case e.err != nil:
		status, outcome = opt.Refuse(e.refused(e.err))
		resource = nil
	case !e.writes():
		if resource = e.document; e.method == "HEAD" || status == 304 {
			resource = nil
		}
	case opt.Return != "representation":
		resource = nil
		if opt.Return == "OperationOutcome" || len(e.made.Warnings) > 0 {
			outcome = fhir.AppendOutcome(nil, e.made.Warnings...)
		}
	}
	if resource == nil || v.ID == "" {
		b.begin("", "")
	} else {
		b.begin(typeName(v.Type), v.ID)
	}
	if resource != nil {
		b.text(`"resource":`)
		b.buf = append(b.buf, resource...)
		b.text(`,`)
	}
	b.text(`"response":{"status":"`, strconv.Itoa(status), `"`)
	if e.err == nil && v.VersionID > 0 {
		b.responseVersion(e, v)
	}
	if outcome != nil {
		b.text(`,"outcome":`)
		b.buf = append(b.buf, outcome...)
	}
	b.text(`}`)
	b.end()
}

// responseVersion adds what an answer says of a version.
func (b *bundle) responseVersion(e *entry, v *record.Version) {
	id := strconv.FormatUint(uint64(v.VersionID), 10)
	// Where a caller names no resource to delete, the answer says which it was.
	if e.writes() && (e.method != "DELETE" || e.path == "") {
		b.text(`,"location":"`, typeName(v.Type), `/`, v.ID, `/_history/`, id, `"`)
	}
	b.text(`,"etag":"W/\"`, id, `\""`)
	if !v.Time.IsZero() {
		b.text(`,"lastModified":"`)
		b.buf = append(fhir.AppendInstant(b.buf, v.Time), '"')
	}
}

// status is that of the answer to an entry that was not refused.
//
// http://hl7.org/fhir/R4/http.html#transaction-response
func (e *entry) status() int {
	switch {
	case e.replied != 0:
		return e.replied
	case e.method == "DELETE":
		return 204
	case e.made.Created:
		return 201
	case e.seen != "" && e.seen == strconv.FormatUint(uint64(e.made.Version.VersionID), 10):
		return 304
	}
	return 200
}
