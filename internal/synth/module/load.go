// SPDX-License-Identifier: Apache-2.0

package module

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"

	"galen/internal/fault"
)

// Limits of what is read.
const (
	maxFile    = 4 << 20
	maxStates  = 10_000
	maxDepth   = 32
	maxModules = 2000
	maxRows    = 100_000
)

// Load reads the modules of some folders. A file of a later one takes the place of an earlier one's of the same name.
// It fails with fault.Invalid, naming the file and the state, for what it does not understand.
func Load(folders ...fs.FS) (*Set, error) {
	l := &loader{set: &Set{}, attributes: map[string]int{}, modules: map[string]*Module{}, folders: folders}
	names, err := l.names()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		m, err := l.module(name, nil)
		if err != nil {
			return nil, err
		}
		l.set.Modules = append(l.set.Modules, m)
	}
	return l.set, nil
}

type loader struct {
	set        *Set
	folders    []fs.FS
	attributes map[string]int
	modules    map[string]*Module
}

// names lists the modules that people start with.
func (l *loader) names() ([]string, error) {
	var names []string
	for _, f := range l.folders {
		files, err := fs.Glob(f, "*.json")
		if err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "the folder of modules cannot be listed")
		}
		for _, n := range files {
			names = append(names, strings.TrimSuffix(n, ".json"))
		}
	}
	sort.Strings(names)
	names = slices.Compact(names)
	if len(names) > maxModules {
		return nil, fault.New(fault.TooLarge, "there are more than %d modules", maxModules)
	}
	return names, nil
}

// file reads a file of the last folder that has it.
func (l *loader) file(name string) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, fault.New(fault.Invalid, "%q is not the path of a file", name)
	}
	for _, f := range slices.Backward(l.folders) {
		if b, err := fs.ReadFile(f, name); err == nil {
			return b, nil
		}
	}
	return nil, fault.New(fault.Invalid, "there is no file %s", name)
}

// module reads a module and those it calls. It is given the names of those that called it.
func (l *loader) module(name string, callers []string) (*Module, error) {
	if m, ok := l.modules[name]; ok {
		return m, nil
	}
	if len(l.modules) >= maxModules || len(callers) > maxDepth {
		return nil, fault.New(fault.TooLarge, "there are more than %d modules, or they call each other deeper than %d", maxModules, maxDepth)
	}
	file := name + ".json"
	b, err := l.file(file)
	if err != nil {
		return nil, err
	}
	raw, err := decode(b)
	if err != nil {
		return nil, fault.New(fault.Invalid, "module %s: %v", file, err)
	}
	m := &Module{Name: name, Title: raw.Name, Index: len(l.modules), Start: None}
	if m.Title == "" {
		m.Title = path.Base(name)
	}
	l.modules[name] = m
	c := &compiler{loader: l, module: m, raw: raw, callers: append(slices.Clone(callers), name)}
	if err := c.compile(); err != nil {
		return nil, err
	}
	return m, nil
}

// compiler turns one file into a module.
type compiler struct {
	*loader
	module  *Module
	raw     *rawModule
	callers []string
	numbers map[string]int
}

// compile compiles all states, in the order of their names, so that numbers are the same everywhere.
func (c *compiler) compile() error {
	names := make([]string, 0, len(c.raw.States))
	for name := range c.raw.States {
		names = append(names, name)
	}
	sort.Strings(names)
	c.numbers = make(map[string]int, len(names))
	for i, name := range names {
		c.numbers[name] = i
	}
	c.module.States = make([]State, len(names))
	for i, name := range names {
		raw := c.raw.States[name]
		s, err := c.compileState(name, &raw)
		if err != nil {
			return fault.New(fault.Invalid, "module %s.json, state %q: %v", c.module.Name, name, err)
		}
		if s.Type == Initial {
			c.module.Start = i
		}
		c.module.States[i] = s
	}
	if c.module.Start == None {
		return fault.New(fault.Invalid, "module %s.json has no state of type Initial", c.module.Name)
	}
	return nil
}

// attribute numbers a name; None for the empty one.
func (c *compiler) attribute(name string) int {
	if name == "" {
		return None
	}
	n, ok := c.attributes[name]
	if !ok {
		n = len(c.set.Attributes)
		c.attributes[name] = n
		c.set.Attributes = append(c.set.Attributes, name)
	}
	return n
}

// state is the number of a state that has to be there.
func (c *compiler) state(name string) (int, error) {
	n, ok := c.numbers[name]
	if !ok {
		return None, fmt.Errorf("there is no state %q", name)
	}
	return n, nil
}
