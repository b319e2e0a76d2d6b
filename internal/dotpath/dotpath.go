// Package dotpath reads the dot-separated property paths of Matrix, such as content.m\.relates_to.rel_type, and finds what they name.
//
// Appendices, "Dot-separated property paths". A path leads through objects only, never into arrays.
package dotpath

import (
	"strings"

	"github.com/tidwall/gjson"
)

// Parse cuts a path at its dots. A dot or backslash that is part of a name is escaped by a backslash; a backslash before any other
// character stands for itself.
func Parse(path string) []string {
	if !strings.Contains(path, `\`) {
		return strings.Split(path, ".")
	}
	var (
		names []string
		name  strings.Builder
	)
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '.':
			names = append(names, name.String())
			name.Reset()
		case c == '\\' && i+1 < len(path) && (path[i+1] == '.' || path[i+1] == '\\'):
			i++
			name.WriteByte(path[i])
		default:
			name.WriteByte(c)
		}
	}
	return append(names, name.String())
}

// Join is the inverse of Parse.
func Join(names []string) string {
	escape := strings.NewReplacer(`\`, `\\`, `.`, `\.`)
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = escape.Replace(name)
	}
	return strings.Join(out, ".")
}

// Find follows the names from the given value on. The result does not exist if one of them is absent or leads through something that is
// not an object.
func Find(value gjson.Result, names []string) gjson.Result {
	for _, name := range names {
		if !value.IsObject() {
			return gjson.Result{}
		}
		var found gjson.Result
		value.ForEach(func(key, member gjson.Result) bool {
			if key.Str != name {
				return true
			}
			found = member
			return false
		})
		if !found.Exists() {
			return gjson.Result{}
		}
		value = found
	}
	return value
}
