package room

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

const hex = "0123456789abcdef"

// appendString appends s as a canonical JSON string (Appendices, "Canonical JSON"): only what must be escaped is, in its shortest
// form.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			dst = appendEscape(dst, c)
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\uFFFD"...)
			start = i + 1
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
}

var errNotCanonical = errors.New("not canonical JSON")

// maxNesting bounds recursion; a request's body is bounded to the same depth before it comes here.
const maxNesting = 128

// canonicalJSON rewrites valid JSON in canonical form (Appendices, "Canonical JSON"): keys sorted by code point, of equal keys the
// last one, no white space, shortest strings, and no number that is not a whole number within ±(2^53 - 1), as room versions from 6 on
// require. gomatrixserverlib has a function for this that does not escape keys again after unescaping them.
func canonicalJSON(raw []byte) ([]byte, error) {
	return appendCanonical(make([]byte, 0, len(raw)), gjson.ParseBytes(raw), 0)
}

func appendCanonical(dst []byte, v gjson.Result, depth int) ([]byte, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("%w: nested too deeply", errNotCanonical)
	}
	switch {
	case v.IsObject():
		return appendObject(dst, v, depth)
	case v.IsArray():
		return appendArray(dst, v, depth)
	case v.Type == gjson.String:
		return appendString(dst, v.Str), nil
	case v.Type == gjson.Number:
		n, err := strconv.ParseInt(v.Raw, 10, 64)
		if err != nil || n > maxInt || n < -maxInt {
			return nil, fmt.Errorf("%w: %s is not a whole number within 2^53", errNotCanonical, v.Raw)
		}
		return strconv.AppendInt(dst, n, 10), nil
	}
	return append(dst, v.Raw...), nil
}

const maxInt = 1<<53 - 1

func appendArray(dst []byte, v gjson.Result, depth int) (_ []byte, err error) {
	dst = append(dst, '[')
	first := true
	v.ForEach(func(_, item gjson.Result) bool {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst, err = appendCanonical(dst, item, depth+1)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, v gjson.Result, depth int) ([]byte, error) {
	type field struct {
		key   string
		value gjson.Result
	}
	var stack [16]field
	fields := stack[:0]
	v.ForEach(func(key, value gjson.Result) bool {
		fields = append(fields, field{key.Str, value})
		return true
	})
	slices.SortStableFunc(fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
	dst = append(dst, '{')
	first := true
	for i, f := range fields {
		if i+1 < len(fields) && fields[i+1].key == f.key {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, f.key), ':')
		var err error
		if dst, err = appendCanonical(dst, f.value, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}
