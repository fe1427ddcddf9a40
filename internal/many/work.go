// SPDX-License-Identifier: Apache-2.0

package many

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"galen/internal/authz"
	"galen/internal/compartment"
	"galen/internal/docset"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/fhir/validate"
	"galen/internal/interaction"
	"galen/internal/job"
	"galen/internal/record"
	"galen/internal/store"
)

// work is one job being done.
type work struct {
	*Service
	run   *job.Run
	spec  Spec
	store *store.Store
	p     Progress
}

// run makes a handler of what does a kind of job.
func (s *Service) run(do func(context.Context, *work) error) job.Handler {
	return func(ctx context.Context, run *job.Run) (job.State, error) {
		w := &work{Service: s, run: run}
		if err := json.Unmarshal(run.Job.Spec, &w.spec); err != nil {
			return "", fault.Wrap(fault.Internal, err, "the job's specification cannot be read")
		}
		if len(run.Job.Progress) > 0 {
			if err := json.Unmarshal(run.Job.Progress, &w.p); err != nil {
				return "", fault.Wrap(fault.Internal, err, "the job's progress cannot be read")
			}
		}
		var err error
		if w.store, err = s.open(ctx, w.spec.Account, w.spec.DataStore); err != nil {
			return "", err
		}
		if err := do(ctx, w); err != nil {
			return "", err
		}
		if err := run.Progress(ctx, &w.p); err != nil {
			return "", err
		}
		if w.p.Refused+w.p.Failed > 0 {
			return job.DoneWithFlaws, nil
		}
		return job.Done, nil
	}
}

// compact ends what removes for good (M4).
func (s *Service) compact(ctx context.Context) error {
	if s.opt.Compact == nil {
		return nil
	}
	return s.opt.Compact(ctx)
}

// erase removes one resource, or one version of one.
func (s *Service) erase(ctx context.Context, w *work) error {
	n, err := w.store.Erase(ctx, store.Erasure{Type: w.spec.Type, ID: w.spec.ID, VersionID: w.spec.Version})
	if err != nil {
		return err
	}
	w.p.Expected, w.p.Done, w.p.Succeeded = 1, 1, w.p.Succeeded+n
	return s.compact(ctx)
}

// purge removes what is about a patient for good, and the patient. Groups stay: they are about others too. So do AuditEvents unless they are asked for, and
// other patients that are linked with this one.
func (s *Service) purge(ctx context.Context, w *work) error {
	patient := fhir.Key{Type: "Patient", ID: w.spec.ID}
	err := w.each(ctx, func(view *record.View) (compartment.Set, error) {
		set, err := compartment.Of(ctx, s.interactions.Planner(), view, patient)
		if err != nil {
			return nil, err
		}
		delete(set, typeID("Group"))
		if !w.spec.Audit {
			delete(set, typeID("AuditEvent"))
		}
		delete(set, typeID("Patient"))
		found, err := view.Find(ctx, typeID("Patient"), patient.ID)
		if err == nil && found[0].Live() {
			set[typeID("Patient")] = docset.Of(found[0].Number)
		}
		return set, err
	}, w.eraseAll)
	if err != nil {
		return err
	}
	return s.compact(ctx)
}

// delete deletes the resources of a type, or removes them for good.
func (s *Service) delete(ctx context.Context, w *work) error {
	do := w.deleteAll
	if w.spec.Hard {
		do = w.eraseAll
	}
	typ := typeID(w.spec.Type)
	err := w.each(ctx, func(view *record.View) (compartment.Set, error) {
		live, err := view.Live(ctx, typ)
		return compartment.Set{typ: live.Clone()}, err
	}, do)
	if err != nil || !w.spec.Hard {
		return err
	}
	return s.compact(ctx)
}

// each does something to all resources that find finds, as they are when the job begins to run, those left that were not changed in time.
func (w *work) each(ctx context.Context, find func(*record.View) (compartment.Set, error), do func(context.Context, []record.Version) error) error {
	view, err := w.store.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	set, err := find(view)
	if err != nil {
		return err
	}
	for typ, docs := range set {
		if !w.spec.Start.IsZero() {
			first, err := view.Since(ctx, typ, w.spec.Start)
			if err != nil {
				return err
			}
			docs.RemoveBelow(first)
		}
		if !w.spec.End.IsZero() {
			end, err := view.Since(ctx, typ, w.spec.End)
			if err != nil {
				return err
			}
			docs.KeepBelow(end)
		}
		set[typ] = docs
	}
	w.p.Expected = w.p.Done + set.Len()
	for versions, err := range compartment.Bodies(ctx, view, set) {
		if err != nil {
			return err
		}
		for some := range slices.Chunk(versions, chunk) {
			if err := do(ctx, some); err != nil {
				return err
			}
			if err := w.run.Progress(ctx, &w.p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *work) eraseAll(ctx context.Context, versions []record.Version) error {
	list := make([]store.Erasure, len(versions))
	for i, v := range versions {
		list[i] = store.Erasure{Type: def.R4().TypeByID(def.TypeID(v.Type)).Name, ID: v.ID}
	}
	n, err := w.store.Erase(ctx, list...)
	if errors.Is(err, fault.TooCostly) && len(list) > 1 { // too many versions together
		for i := range list {
			if n, err = w.store.Erase(ctx, list[i]); err != nil {
				return err
			}
			w.p.Done, w.p.Succeeded = w.p.Done+1, w.p.Succeeded+n
		}
		return nil
	}
	w.p.Done, w.p.Succeeded = w.p.Done+len(list), w.p.Succeeded+n
	return err
}

// deleteAll deletes resources, but for those that somebody has changed since they were found.
func (w *work) deleteAll(ctx context.Context, versions []record.Version) error {
	var group store.Group
	for _, v := range versions {
		change, err := w.store.Delete(def.R4().TypeByID(def.TypeID(v.Type)).Name, v.ID, store.If{Version: v.VersionID})
		if err != nil {
			return err
		}
		group.Changes = append(group.Changes, change)
	}
	results, err := w.store.Commit(ctx, group)
	if err != nil {
		return err
	}
	for i, r := range results {
		w.p.Done++
		switch {
		case r.Err != nil:
			w.skip(versions[i].ID, "the resource was changed meanwhile")
		default:
			w.p.Succeeded++
		}
	}
	return nil
}

func (w *work) skip(id, why string) {
	w.p.Skipped++
	if len(w.p.Passed) < maxAbout {
		w.p.Passed = append(w.p.Passed, About{id, why})
	}
}

// patch changes each resource in the same way, in the order of their ids. None is patched twice: before some are patched the progress says which
// they are, and at which position; if the job was cut off, those of them that were changed since are skipped, as it is not known by whom.
func (s *Service) patch(ctx context.Context, w *work) error {
	ids := slices.Clone(w.spec.IDs)
	if len(ids) == 0 {
		var err error
		if ids, err = w.allIDs(ctx); err != nil {
			return err
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if w.p.From != "" { // it was cut off; what the progress says of these holds until they are done
		first, _ := slices.BinarySearch(ids, w.p.From)
		ids = ids[first:]
		last, found := slices.BinarySearch(ids, w.p.To)
		if found {
			last++
		}
		unsure, err := w.changedSince(ctx, ids[:last])
		if err != nil {
			return err
		}
		w.p.Expected = w.p.Done + len(ids)
		if err := s.patchSome(ctx, w, ids[:last], unsure); err != nil {
			return err
		}
		ids = ids[last:]
	}
	w.p.Expected = w.p.Done + len(ids)
	for some := range slices.Chunk(ids, chunk) {
		if err := w.mark(ctx, some); err != nil {
			return err
		}
		if err := s.patchSome(ctx, w, some, nil); err != nil {
			return err
		}
	}
	return nil
}

// patchSome patches resources, but for those of which it is not known whether they were.
func (s *Service) patchSome(ctx context.Context, w *work, ids []string, unsure map[string]bool) error {
	level, _ := validate.ParseLevel(w.spec.Level) // checked when it was submitted
	caller := interaction.Caller{Who: authz.Principal{Kind: authz.Server, Account: w.spec.Account}, DataStore: w.spec.DataStore}
	for _, id := range ids {
		if unsure[id] {
			w.p.Done++
			w.skip(id, "the resource was changed while the job was cut off")
			continue
		}
		_, err := s.interactions.Patch(ctx, caller, fhir.Key{Type: w.spec.Type, ID: id}, interaction.Match{}, interaction.Input{Body: w.spec.Patch, Level: level})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.p.Done++
		w.note(id, err)
	}
	return nil
}

// mark notes which resources are patched next, and the position.
func (w *work) mark(ctx context.Context, ids []string) error {
	view, err := w.store.View(ctx)
	if err != nil {
		return err
	}
	defer view.Close()
	w.p.Seq, w.p.From, w.p.To = view.Seq(), ids[0], ids[len(ids)-1]
	return w.run.Progress(ctx, &w.p)
}

// changedSince lists those of some resources that have a version younger than the position noted.
func (w *work) changedSince(ctx context.Context, ids []string) (map[string]bool, error) {
	view, err := w.store.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	before, err := view.At(ctx, w.p.Seq)
	if err != nil {
		return nil, err
	}
	typ := typeID(w.spec.Type)
	found, err := view.Find(ctx, typ, ids...)
	changed := map[string]bool{}
	for _, f := range found {
		changed[f.ID] = f.Exists && f.Number >= before.Next(typ)
	}
	return changed, err
}

// note counts what became of the patch of one resource.
func (w *work) note(id string, err error) {
	switch kind := fault.KindOf(err); {
	case err == nil:
		w.p.Succeeded++
		return
	case kind == fault.Gone:
		w.skip(id, "the resource is deleted")
		return
	case kind == fault.Internal || kind == fault.Unavailable:
		w.p.Failed++
	default:
		w.p.Refused++
	}
	if len(w.p.Problems) < maxAbout {
		w.p.Problems = append(w.p.Problems, About{id, fault.All(err)[0].Text})
	}
}

// allIDs lists the ids of all resources of the type. It fails with fault.TooCostly for more than may be named.
func (w *work) allIDs(ctx context.Context) ([]string, error) {
	view, err := w.store.View(ctx)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	live, err := view.Live(ctx, typeID(w.spec.Type))
	if err != nil {
		return nil, err
	}
	if live.Len() > MaxIDs {
		return nil, fault.New(fault.TooCostly, "there are more than %d resources of the type: name those that are meant", MaxIDs)
	}
	var ids []string
	for versions, err := range compartment.Bodies(ctx, view, compartment.Set{typeID(w.spec.Type): live}) {
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			ids = append(ids, v.ID)
		}
	}
	return ids, nil
}
