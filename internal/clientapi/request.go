package clientapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/appservice"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/remote"
)

// Bounds of a JSON body. An event's own limit of 64 KiB is checked where the event is built.
const (
	maxJSON  = 1 << 20
	maxDepth = 100
)

// request is one call of an operation.
type request struct {
	*http.Request
	api     *API
	w       http.ResponseWriter
	maxBody int64
	// session is who calls; its UserID is empty where nobody needs to be logged in and nobody is.
	session account.Session
	// service is the application service that calls, for whichever user; nil: none.
	service *appservice.Service
	// answered is called when the response is written; nil: nothing is.
	answered func()
}

// param is a part of the path, percent-decoded.
func (r *request) param(name string) string {
	raw := chi.URLParam(r.Request, name)
	v, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return v
}

// query is a query parameter; empty if it is not there.
func (r *request) query(name string) string { return r.URL.Query().Get(name) }

// queryInt is a query parameter that is a whole number of at least 0, bounded by most; def if it is not there.
func (r *request) queryInt(name string, def, most int) (int, error) {
	s := r.query(name)
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, mxerr.InvalidParamf("%s must be a whole number of at least 0", name)
	}
	return min(n, most), nil
}

// queryBool is a query parameter that is true or false; def if it is not there.
func (r *request) queryBool(name string, def bool) (bool, error) {
	switch r.query(name) {
	case "":
		return def, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, mxerr.InvalidParamf("%s must be true or false", name)
}

// bytes reads the body, within the operation's limit.
func (r *request) bytes() ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(r.w, r.Body, r.maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, mxerr.TooLargef("The request body is larger than %d bytes", r.maxBody)
	}
	if err != nil {
		return nil, mxerr.New(http.StatusBadRequest, mxerr.Unknown, "The request body could not be read")
	}
	return raw, nil
}

// object reads the body as a JSON object, which an empty body is not.
func (r *request) object() (json.RawMessage, error) {
	raw, err := r.bytes()
	if err != nil {
		return nil, err
	}
	if err := checkJSON(raw); err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); trimmed[0] != '{' {
		return nil, mxerr.BadJSONf("The request body must be a JSON object")
	}
	return raw, nil
}

// decode reads the body, a JSON object, into v. A field of the wrong type is M_BAD_JSON, text that is not JSON is M_NOT_JSON.
func (r *request) decode(v any) error {
	raw, err := r.object()
	if err != nil {
		return err
	}
	return decodeJSON(raw, v)
}

// decodeOptional is decode, but an empty body leaves v as it is.
func (r *request) decodeOptional(v any) error {
	raw, err := r.bytes()
	if err != nil || len(bytes.TrimSpace(raw)) == 0 {
		return err
	}
	if err := checkJSON(raw); err != nil {
		return err
	}
	return decodeJSON(raw, v)
}

func decodeJSON(raw []byte, v any) error {
	if escapedNUL(raw) {
		return mxerr.BadJSONf("The request body holds the character U+0000")
	}
	err := json.Unmarshal(raw, v)
	var mx *mxerr.Error
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &mx):
		return mx
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return mxerr.BadJSONf("%s must not be a JSON %s", wrongType.Field, wrongType.Value)
	}
	return mxerr.BadJSONf("The request body does not have the right form")
}

// checkJSON tells whether raw is JSON of bounded depth.
func checkJSON(raw []byte) error {
	// json.Valid lets bytes through that are not UTF-8.
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return mxerr.New(http.StatusBadRequest, mxerr.NotJSON, "The request body is not JSON")
	}
	depth := 0
	inString := false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return mxerr.BadJSONf("The request body is nested more than %d deep", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// address is the caller's IP address, without port.
func (r *request) address() string { return remote.Address(r.Request, r.api.TrustedProxies) }
