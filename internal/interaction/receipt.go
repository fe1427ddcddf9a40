// SPDX-License-Identifier: Apache-2.0

package interaction

import (
	"context"
	"encoding/json"
	"time"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/record"
	"galen/internal/store"
)

// A receipt is a row that a transaction stores with its changes: what each write made. Whoever may have to carry out a
// transaction again, because it does not know how the first time ended, gives it one.

// receipt is what one write made, in the order of the entries.
type receipt struct {
	Type    uint16 `json:"type,omitempty"`
	ID      string `json:"id,omitempty"`
	Version uint32 `json:"version,omitempty"`
	Millis  int64  `json:"millis,omitempty"`
	Created bool   `json:"created,omitempty"`
}

// receiptKey is the suffix of a receipt's row.
func receiptKey(name string) []byte { return []byte("transaction/" + name) }

// receiptRow makes the row of a receipt; nil if the name is empty. changed are the entries that results are of.
func receiptRow(name string, entries, changed []*entry) func([]store.Result) []store.Row {
	if name == "" {
		return nil
	}
	return func(results []store.Result) []store.Row {
		made := make(map[*entry]receipt, len(changed))
		for i, e := range changed {
			r := results[i]
			made[e] = receiptOf(&r.Version, r.Created)
		}
		var list []receipt
		for _, e := range entries {
			r, ok := made[e]
			switch {
			case !e.writes():
				continue
			case !ok:
				r = receiptOf(&e.made.Version, false)
			}
			list = append(list, r)
		}
		text, err := json.Marshal(list)
		if err != nil {
			return nil // it holds nothing that cannot be written
		}
		return []store.Row{{Suffix: receiptKey(name), Value: text}}
	}
}

func receiptOf(v *record.Version, created bool) receipt {
	return receipt{v.Type, v.ID, v.VersionID, v.Time.UnixMilli(), created}
}

// repeat fills in what the writes of a transaction made the first time; false if there was none.
func repeat(ctx context.Context, st *store.Store, entries []*entry, opt Bundling) (at time.Time, ok bool, err error) {
	if opt.Receipt == "" {
		return at, false, nil
	}
	row, err := st.Extra(ctx, receiptKey(opt.Receipt))
	if err != nil || row == nil {
		return at, false, err
	}
	var list []receipt
	if err := json.Unmarshal(row, &list); err != nil {
		return at, false, fault.Wrap(fault.Internal, err, "a receipt cannot be read")
	}
	view, err := st.View(ctx)
	if err != nil {
		return at, false, err
	}
	defer view.Close()
	for _, e := range entries {
		if !e.writes() {
			continue
		}
		if len(list) == 0 {
			return at, false, fault.New(fault.Internal, "a receipt is not of its transaction")
		}
		r := list[0]
		list = list[1:]
		e.made = Written{Created: r.Created, Version: record.Version{Type: r.Type, ID: r.ID, VersionID: r.Version}}
		if r.Version == 0 {
			continue
		}
		e.made.Version.Time = time.UnixMilli(r.Millis).UTC()
		if e.made.Version.Time.After(at) {
			at = e.made.Version.Time
		}
		if opt.Return == "representation" {
			if e.made.Version, err = view.Version(ctx, r.Type, r.ID, r.Version); err != nil {
				return at, false, err
			}
		}
	}
	return at, true, nil
}

// ForgetReceipt removes the receipt of that name, if there is one.
func (s *Service) ForgetReceipt(ctx context.Context, c Caller, name string) error {
	st, err := s.enter(ctx, c, authz.Capabilities, "", "")
	if err != nil {
		return err
	}
	row, err := st.Extra(ctx, receiptKey(name))
	if err != nil || row == nil {
		return err
	}
	_, err = st.Commit(ctx, store.Group{Rows: []store.Row{{Suffix: receiptKey(name)}}})
	return err
}

// CheckTransaction checks that body is a Bundle of type transaction, in a data store that the caller may reach, and nothing of
// its entries. It fails as Bundle does.
func (s *Service) CheckTransaction(ctx context.Context, c Caller, body []byte) error {
	if _, err := s.enter(ctx, c, authz.Capabilities, "", ""); err != nil {
		return err
	}
	tape, done := s.tape()
	defer done()
	if err := tape.Parse(body, s.opt.Limits); err != nil {
		return err
	}
	kind, _, err := s.envelope(tape.Root())
	if err == nil && kind != "transaction" {
		err = fault.New(fault.Unsupported, "only a transaction can be carried out later").WithCode("not-supported").At("Bundle.type")
	}
	return err
}
