package clientapi

import (
	"bytes"
	"net/url"
	"strings"
	"unicode/utf8"

	"bongsu.org/bongsu/internal/mxerr"
)

// No id, name or parameter of the specification holds a NUL or what is not UTF-8, and no text column of PostgreSQL can. It is refused
// here, before it can spoil a batch that others share.

// wellFormed checks the path and the query.
func (r *request) wellFormed() error {
	if !isText(r.URL.Path) {
		return mxerr.InvalidParamf("The path is not text")
	}
	if !strings.Contains(r.URL.RawQuery, "%") && isText(r.URL.RawQuery) {
		return nil
	}
	query, err := url.QueryUnescape(r.URL.RawQuery)
	if err == nil && !isText(query) {
		return mxerr.InvalidParamf("The query is not text")
	}
	return nil // a parameter that is badly escaped is not there
}

func isText(s string) bool { return strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) }

// escapedNUL tells whether JSON has a NUL in one of its strings.
func escapedNUL(raw []byte) bool {
	for at := 0; ; {
		i := bytes.Index(raw[at:], []byte(`\u0000`))
		if i < 0 {
			return false
		}
		at += i
		slashes := 0
		for slashes < at && raw[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return true
		}
		at++
	}
}
