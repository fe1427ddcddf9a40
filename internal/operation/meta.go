// SPDX-License-Identifier: Apache-2.0

package operation

import (
	"context"
	"errors"
	"strconv"

	"galen/internal/authz"
	"galen/internal/fault"
	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/search"
)

// metaLists are the lists of a meta that the operations are about.
var metaLists = []string{"profile", "security", "tag"}

// maxMetas bounds the resources with a label that $meta of a type or of the data store looks at.
const maxMetas = 100_000

// metaOperation gives the profiles, tags and security labels of a resource, of one version of it, or of all resources there are.
//
// http://hl7.org/fhir/R4/resource-operation-meta.html
func metaOperation() Operation {
	return Operation{
		Name: "meta", Definition: "http://hl7.org/fhir/OperationDefinition/Resource-meta",
		Levels: OnSystem | OnType | OnInstance | OnVersion,
		serve:  serveMeta,
	}
}

// metaAddOperation and metaDeleteOperation change the labels of a resource.
//
// http://hl7.org/fhir/R4/resource-operation-meta-add.html
func metaAddOperation() Operation {
	return Operation{
		Name: "meta-add", Definition: "http://hl7.org/fhir/OperationDefinition/Resource-meta-add",
		Levels: OnInstance | OnVersion, Changes: true, Params: []Param{{Name: "meta", Type: "Meta", Min: 1}},
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			return s.changeMeta(ctx, c, func(set *labels, given fhir.Node) { set.add(given) })
		},
	}
}

// http://hl7.org/fhir/R4/resource-operation-meta-delete.html
func metaDeleteOperation() Operation {
	return Operation{
		Name: "meta-delete", Definition: "http://hl7.org/fhir/OperationDefinition/Resource-meta-delete",
		Levels: OnInstance | OnVersion, Changes: true, Params: []Param{{Name: "meta", Type: "Meta", Min: 1}},
		serve: func(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
			return s.changeMeta(ctx, c, func(set *labels, given fhir.Node) { set.remove(given) })
		},
	}
}

func serveMeta(ctx context.Context, s *Service, c *Call) (interaction.Reply, error) {
	if c.Key.ID == "" {
		return s.allMeta(ctx, c)
	}
	v, err := s.version(ctx, c)
	if err != nil {
		return interaction.Reply{}, err
	}
	resource, done, err := s.parse(v.Body)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer done()
	return metaReply(resource.Field("meta").Raw()), nil
}

// version reads the version that a call is about, or the current one.
func (s *Service) version(ctx context.Context, c *Call) (interaction.Version, error) {
	if c.VersionID != "" {
		return s.interactions.VRead(ctx, c.Caller, c.Key, c.VersionID)
	}
	return s.interactions.Read(ctx, c.Caller, c.Key)
}

func metaReply(meta []byte) interaction.Reply {
	var a answer
	if len(meta) > len(`{}`) { // an empty element is not valid
		a.raw("return", "valueMeta", meta)
	}
	return a.reply()
}

// allMeta gives the labels of all current resources of a type, or of all types.
func (s *Service) allMeta(ctx context.Context, c *Call) (interaction.Reply, error) {
	st, err := s.interactions.Open(ctx, c.Caller, authz.Search, c.Key)
	if err != nil {
		return interaction.Reply{}, err
	}
	view, err := c.Caller.View(ctx, st)
	if err != nil {
		return interaction.Reply{}, err
	}
	defer view.Close()
	set := newLabels(fhir.Node{})
	left := maxMetas
	for _, typ := range view.Types() {
		name := def.R4().TypeByID(def.TypeID(typ)).Name
		if c.Key.Type != "" && c.Key.Type != name {
			continue
		}
		for _, list := range metaLists {
			docs, err := numbers(ctx, s.interactions.Planner(), view, name, search.Pair{Name: "_" + list + ":missing", Value: "false"})
			if err != nil {
				return interaction.Reply{}, err
			}
			if left -= docs.Len(); left < 0 {
				return interaction.Reply{}, fault.New(fault.TooCostly, "more than %d resources have labels: ask one type, or one resource", maxMetas)
			}
			for some := range some(docs, 256) {
				versions, err := view.Bodies(ctx, typ, some...)
				if err != nil {
					return interaction.Reply{}, err
				}
				for i := range versions {
					resource, done, err := s.parse(versions[i].Body)
					if err != nil {
						return interaction.Reply{}, err
					}
					set.addList(list, resource.Field("meta").Field(list))
					done()
				}
			}
		}
	}
	return metaReply(set.append(nil, fhir.Node{})), nil
}

// maxMetaTries bounds how often a change is tried anew because somebody else's write went before.
const maxMetaTries = 20

// changeMeta makes a new version of a resource with other labels. Of versions only the current one can be changed.
func (s *Service) changeMeta(ctx context.Context, c *Call, change func(*labels, fhir.Node)) (interaction.Reply, error) {
	given := Value(c.Parameters.One("meta"))
	if given.Kind() != fhir.Object {
		return interaction.Reply{}, fault.New(fault.Invalid, "the parameter is a Meta").WithCode("structure").At("meta")
	}
	for range maxMetaTries {
		v, err := s.interactions.Read(ctx, c.Caller, c.Key)
		if err != nil {
			return interaction.Reply{}, err
		}
		version := strconv.FormatUint(uint64(v.VersionID), 10)
		if c.VersionID != "" && c.VersionID != version {
			return interaction.Reply{}, fault.New(fault.Unsupported, "versions of the past do not change: only the labels of the current one can").WithCode("not-supported")
		}
		resource, done, err := s.parse(v.Body)
		if err != nil {
			return interaction.Reply{}, err
		}
		meta := resource.Field("meta")
		set := newLabels(meta)
		change(set, given)
		body := appendWith(nil, resource, "meta", set.append(nil, meta))
		done()
		w, err := s.interactions.Update(ctx, c.Caller, c.Key, interaction.Match{Version: version}, interaction.Input{Body: body})
		if c.VersionID == "" && errors.Is(err, fault.Precondition) {
			continue
		}
		if err != nil {
			return interaction.Reply{}, err
		}
		resource, done, err = s.parse(w.Version.Body)
		if err != nil {
			return interaction.Reply{}, err
		}
		defer done()
		return metaReply(resource.Field("meta").Raw()), nil
	}
	return interaction.Reply{}, fault.New(fault.Conflict, "others keep changing the resource: try again")
}
