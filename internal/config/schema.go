package config

import (
	"reflect"
	"strings"
)

// node is one setting, or a section of settings, as the struct declares it.
type node struct {
	// name is the key in its section, path the keys from the top joined by dots.
	name, path string
	// owner and field find the documentation: the Go type and field.
	owner, field string
	index        []int
	typ          reflect.Type
	allow        []string
	min, max     string
	children     []*node
}

// schema reads the tree of settings off the struct, in the declared order.
func schema() *node {
	return section(reflect.TypeFor[Config](), &node{typ: reflect.TypeFor[Config]()})
}

func section(typ reflect.Type, parent *node) *node {
	for i := range typ.NumField() {
		f := typ.Field(i)
		child := &node{
			name:  f.Tag.Get("yaml"),
			owner: typ.Name(),
			field: f.Name,
			index: append(append([]int{}, parent.index...), i),
			typ:   f.Type,
			min:   f.Tag.Get("min"),
			max:   f.Tag.Get("max"),
		}
		child.path = child.name
		if parent.path != "" {
			child.path = parent.path + "." + child.name
		}
		if allow := f.Tag.Get("allow"); allow != "" {
			child.allow = strings.Split(allow, "|")
		}
		if f.Type.Kind() == reflect.Struct && f.Type != reflect.TypeFor[Rate]() && f.Type != reflect.TypeFor[PortRange]() {
			section(f.Type, child)
		}
		parent.children = append(parent.children, child)
	}
	return parent
}

// child finds a setting of a section by its key.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// leaves calls visit for every setting, in the declared order.
func (n *node) leaves(visit func(*node)) {
	if len(n.children) == 0 {
		visit(n)
		return
	}
	for _, c := range n.children {
		c.leaves(visit)
	}
}

// find returns the setting or section at a path, or nil.
func (n *node) find(path string) *node {
	at := n
	for name := range strings.SplitSeq(path, ".") {
		if at = at.child(name); at == nil {
			return nil
		}
	}
	return at
}

// scalar returns the setting that a single value sets: the node itself, or for a section that can be switched, its switch.
// So `url_previews: off` is `url_previews: {enabled: off}`.
func (n *node) scalar() *node {
	if len(n.children) == 0 {
		return n
	}
	return n.child("enabled")
}

// value is the setting's place in a Config.
func (n *node) value(cfg *Config) reflect.Value {
	return reflect.ValueOf(cfg).Elem().FieldByIndex(n.index)
}

// variable is the environment variable that sets the node.
func (n *node) variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(n.path, ".", "_"))
}

// isList tells whether the setting takes several values.
func (n *node) isList() bool { return n.typ.Kind() == reflect.Slice }
