// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"

	"galen/internal/fault"
	"galen/internal/store"
)

// commitAll commits the tasks in order, several at a time, and passes each file on when it is done.
func (im *importer) commitAll(ctx context.Context, order <-chan *task, finished chan<- *file) error {
	var next *task
	for {
		first := next
		next = nil
		if first == nil {
			var ok bool
			if first, ok = <-order; !ok {
				return ctx.Err()
			}
		}
		if !first.last {
			if err := await(ctx, first); err != nil {
				return err
			}
		}
		group := []*task{first}
		group, next = im.gather(group, order)
		if err := im.commit(ctx, group); err != nil {
			return err
		}
		for _, t := range group {
			if !t.last {
				continue
			}
			select {
			case finished <- t.file:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// gather adds tasks that are prepared already until the group is large enough, and returns the first that is not.
func (im *importer) gather(group []*task, order <-chan *task) ([]*task, *task) {
	n := len(group[0].changes)
	for n < im.opt.Group {
		select {
		case t, ok := <-order:
			if !ok {
				return group, nil
			}
			if !t.last && !isPrepared(t) {
				return group, t
			}
			group = append(group, t)
			n += len(t.changes)
		default:
			return group, nil
		}
	}
	return group, nil
}

func isPrepared(t *task) bool {
	select {
	case <-t.prepared:
		return true
	default:
		return false
	}
}

func await(ctx context.Context, t *task) error {
	select {
	case <-t.prepared:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit stores the changes of a group of tasks with the rows that say so, in one batch.
func (im *importer) commit(ctx context.Context, group []*task) error {
	n := 0
	for _, t := range group {
		n += len(t.changes)
	}
	changes := make([]*store.Change, 0, n)
	var delta Progress
	for _, t := range group {
		changes = append(changes, t.changes...)
		t.account(&delta)
	}
	_, err := im.store.Commit(ctx, store.Group{Changes: changes, Also: func(results []store.Result) []store.Row {
		var rows []store.Row
		at := 0
		for i, t := range group {
			rows = append(rows, im.logRows(t, results[at:at+len(t.changes)])...)
			at += len(t.changes)
			if i == len(group)-1 || group[i+1].file != t.file {
				rows = append(rows, store.Row{Suffix: im.rows.file(t.file.index), Value: encode(t.file)})
			}
		}
		return rows
	}})
	if err != nil {
		return err
	}
	im.mu.Lock()
	im.progress.add(delta)
	im.mu.Unlock()
	return nil
}

// account moves the task's file along, as its row will say, and adds the same to delta.
func (t *task) account(delta *Progress) {
	f := t.file
	f.Number, f.Read = t.chunk.number, t.chunk.read
	if t.last {
		if !f.Done && t.err == nil {
			delta.ImportedFiles++
		} else if !f.Done {
			delta.UnreadFiles++
			f.Error = fault.All(t.err)[0].Text
		}
		f.Done = true
		return
	}
	imported, refused, warned := int64(len(t.changes)), int64(0), int64(0)
	for _, o := range t.outcomes {
		switch {
		case o.change < 0:
			refused++
		case o.issues != nil:
			warned++
		}
	}
	scanned := int64(len(t.outcomes))
	f.Scanned += scanned
	f.Imported += imported
	f.Bytes += t.bytes
	f.Refused += refused
	f.Warned += warned
	delta.add(Progress{Scanned: scanned, Imported: imported, ImportedBytes: t.bytes, CustomerErrors: refused, Warned: warned})
}

// add adds the counts of d to p.
func (p *Progress) add(d Progress) {
	p.ImportedFiles += d.ImportedFiles
	p.UnreadFiles += d.UnreadFiles
	p.Scanned += d.Scanned
	p.Imported += d.Imported
	p.ImportedBytes += d.ImportedBytes
	p.CustomerErrors += d.CustomerErrors
	p.ServerErrors += d.ServerErrors
	p.Warned += d.Warned
}
