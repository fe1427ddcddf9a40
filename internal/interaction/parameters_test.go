// SPDX-License-Identifier: Apache-2.0

package interaction_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"galen/internal/fhir"
	"galen/internal/fhir/def"
	"galen/internal/interaction"
	"galen/internal/store"
)

// open opens the data stores.
func (s *script) open() {
	s.stores = store.New(s.engine, s.index, s.options)
	s.service = newService(s.t, s.stores, s.index, func(context.Context, string, string) (*store.Store, error) { return s.stores.Store(s.tenant) })
}

// parameter does one command about search parameters and what is indexed.
func (s *script) parameter(verb, target, rest string) []string {
	ctx := context.Background()
	switch verb {
	case "define":
		words := strings.SplitN(rest, " ", 5)
		in := interaction.Input{Body: searchParameter(target, words[0], words[1], strings.Split(words[2], ","), words[3], words[4])}
		return written(s.service.Update(ctx, s.caller, fhir.Key{Type: "SearchParameter", ID: target}, interaction.Match{}, in))
	case "capable":
		return s.capable(target)
	case "store":
		n, _ := strconv.Atoi(target)
		s.tenant = uint32(n)
		return nil
	case "restart":
		s.stores.Close()
		s.open()
		return nil
	}
	st, err := s.stores.Store(s.tenant)
	if err != nil {
		return failure(err)
	}
	if verb == "erase" {
		typ, id, _ := strings.Cut(target, "/")
		n, err := st.Erase(ctx, store.Erasure{Type: typ, ID: id})
		if err != nil {
			return failure(err)
		}
		return []string{fmt.Sprint(n, " erased")}
	}
	for {
		pass, err := st.Reindex(ctx)
		if err != nil {
			return failure(err)
		}
		of, _ := st.Indexing()
		if verb == "step" || !pass.Running() && !of.Due() {
			return []string{fmt.Sprintf("%d of %d versions, %d failed, due %v", pass.Done, pass.Total, pass.Failed, of.Due())}
		}
	}
}

func searchParameter(id, code, kind string, bases []string, status, expression string) []byte {
	body, _ := json.Marshal(map[string]any{"resourceType": "SearchParameter", "id": id, "url": "http://x/" + id, "name": "N" + strings.ReplaceAll(id, "-", ""),
		"status": status, "description": "d", "code": code, "base": bases, "type": kind, "expression": expression})
	return body
}

// capable lists the parameters of a type that the CapabilityStatement has beside those of R4.
func (s *script) capable(typ string) []string {
	body, err := s.service.Capabilities(context.Background(), s.caller)
	if err != nil {
		return failure(err)
	}
	var c struct {
		Rest []struct {
			Resource []struct {
				Type                            string
				SearchParam                     []struct{ Name, Definition, Type string }
				SearchInclude, SearchRevInclude []string
			}
		}
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return []string{err.Error()}
	}
	lines := []string{}
	for _, r := range c.Rest[0].Resource {
		for _, p := range r.SearchParam {
			if r.Type == typ && def.R4().ParamByURL(p.Definition) == nil {
				lines = append(lines, p.Name+" "+p.Type+" "+p.Definition)
			}
		}
		for _, text := range r.SearchRevInclude {
			from, code, _ := strings.Cut(text, ":")
			if r.Type == typ && from != "*" && def.R4().SearchParam(from, code) == nil {
				lines = append(lines, "_revinclude "+text)
			}
		}
	}
	return lines
}
