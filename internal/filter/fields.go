package filter

import (
	"bytes"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/dotpath"
	"bongsu.org/bongsu/internal/mxerr"
)

// Fields prunes events to the properties that a client asked for (event_fields).
type Fields struct {
	root node
}

// node is one name of the wanted paths; a node without children wants all that is below it.
type node map[string]node

// fields reads event_fields. An empty list prunes nothing: a server may send more than was asked for.
func (p *parser) fields(paths []string) *Fields {
	if len(paths) == 0 {
		return nil
	}
	if len(paths) > maxFields {
		p.fail(mxerr.InvalidParamf("event_fields has at most %d entries", maxFields))
		return nil
	}
	out := &Fields{root: node{}}
	for _, path := range paths {
		names := dotpath.Parse(path)
		if len(names) > maxDepth {
			p.fail(mxerr.InvalidParamf("A path of event_fields has at most %d parts", maxDepth))
			return nil
		}
		out.root.want(names)
	}
	return out
}

// want adds a path. A path that goes less deep than another one wants all that the other one does.
func (n node) want(names []string) {
	for i, name := range names {
		child, known := n[name]
		switch {
		case i == len(names)-1:
			n[name] = nil
			return
		case known && child == nil:
			return
		case !known:
			child = node{}
			n[name] = child
		}
		n = child
	}
}

// Prune gives the event with only the wanted properties. What is not an object passes unchanged.
func (f *Fields) Prune(event []byte) []byte {
	if f == nil {
		return event
	}
	value := gjson.ParseBytes(event)
	if !value.IsObject() {
		return event
	}
	var out bytes.Buffer
	out.Grow(len(event))
	f.root.prune(&out, value)
	return out.Bytes()
}

// prune writes the wanted members of an object.
func (n node) prune(out *bytes.Buffer, object gjson.Result) {
	out.WriteByte('{')
	first := true
	object.ForEach(func(key, value gjson.Result) bool {
		child, wanted := n[key.Str]
		if !wanted || child != nil && !value.IsObject() {
			return true
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.WriteString(key.Raw)
		out.WriteByte(':')
		if child == nil {
			out.WriteString(value.Raw)
		} else {
			child.prune(out, value)
		}
		return true
	})
	out.WriteByte('}')
}
