package conform

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tidwall/gjson"
)

// Violation is one thing wrong with one response.
type Violation struct {
	Request string // the request line
	Status  int
	Reason  string
	Body    string // the start of the response's body
}

// String gives the violation in a form for a test's log.
func (v Violation) String() string {
	return fmt.Sprintf("%s answered %d: %s\n\tbody: %s", v.Request, v.Status, v.Reason, v.Body)
}

// Exchange is a request and its whole response.
type Exchange struct {
	Method      string
	EscapedPath string
	Status      int
	Header      http.Header
	Body        []byte
}

// shownBody is how much of a body a violation shows.
const shownBody = 600

// Check returns what is wrong with a response. Paths outside of the client-server API are not judged, nor those under
// prefixes that the specification no longer describes.
func (s *Spec) Check(x Exchange) []Violation {
	if !judged(x) {
		return nil
	}
	var found []Violation
	report := func(format string, args ...any) {
		body := x.Body[:min(len(x.Body), shownBody)]
		found = append(found, Violation{
			Request: x.Method + " " + x.EscapedPath, Status: x.Status,
			Reason: fmt.Sprintf(format, args...), Body: strings.ToValidUTF8(string(body), "?"),
		})
	}
	// Client-Server API, "Web Browser Clients": every request gets the header, so that pages of any site may call.
	if origin := x.Header.Get("Access-Control-Allow-Origin"); origin != "*" {
		report("Access-Control-Allow-Origin is %q, want *", origin)
	}
	op := s.Find(x.Method, x.EscapedPath)
	if op == nil {
		s.checkUnknown(x, report)
		return found
	}
	status := strconv.Itoa(x.Status)
	types, documented := op.contentTypes(status)
	switch {
	case documented:
		s.checkDocumented(op, x, status, types, report)
	case x.Status >= 400:
		s.checkError(x, report)
	default:
		report("the specification has no status %d for %s (%s)", x.Status, op.ID, op.File)
	}
	return found
}

func judged(x Exchange) bool {
	if x.Method == http.MethodOptions || x.Method == http.MethodHead {
		return false
	}
	for _, prefix := range []string{"/_matrix/client/", "/_matrix/media/", "/.well-known/matrix/"} {
		if strings.HasPrefix(x.EscapedPath, prefix) {
			return !strings.HasPrefix(x.EscapedPath, "/_matrix/client/unstable/") && !strings.HasPrefix(x.EscapedPath, "/_matrix/client/r0/") &&
				x.EscapedPath != "/.well-known/matrix/server"
		}
	}
	return false
}

// checkUnknown judges a response to a request that the API does not know. Client-Server API, "Common error codes": a server
// answers 404 for an unknown path and 405 for a wrong method, both with M_UNRECOGNIZED.
func (s *Spec) checkUnknown(x Exchange, report func(string, ...any)) {
	if x.Status != http.StatusNotFound && x.Status != http.StatusMethodNotAllowed {
		report("the specification has no such operation, so 404 or 405 is due")
		return
	}
	s.checkError(x, report)
}

func (s *Spec) checkDocumented(op *Operation, x Exchange, status string, types []string, report func(string, ...any)) {
	if len(types) == 0 {
		return // the operation says nothing about the body
	}
	// Application Service API, "Server admin style permissions": registering as one without its token is refused like any request without
	// a token, although the operation's 401 is a question.
	if code := gjson.GetBytes(x.Body, "errcode").Str; x.Status == http.StatusUnauthorized && strings.HasSuffix(code, "_TOKEN") {
		s.checkError(x, report)
		return
	}
	got, _, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	if err != nil {
		report("Content-Type %q: %v", x.Header.Get("Content-Type"), err)
		return
	}
	contentType, ok := pickType(types, got)
	if !ok {
		report("Content-Type is %s, want one of %s", got, strings.Join(types, ", "))
		return
	}
	if contentType != "application/json" {
		return
	}
	schema, err := s.schema(op, status, contentType)
	if err != nil {
		report("the specification's schema cannot be compiled: %v", err)
		return
	}
	s.checkBody(schema, x, report)
}

// pickType returns the documented media type that covers the one got. The files write application/octet-stream for content
// of whatever type it was uploaded with.
func pickType(documented []string, got string) (string, bool) {
	for _, d := range documented {
		if d == got || d == "*/*" || d == "application/octet-stream" || strings.HasSuffix(d, "/*") && strings.HasPrefix(got, strings.TrimSuffix(d, "*")) {
			return d, true
		}
	}
	return "", false
}

// Where the specification describes the body of an error, and that of a question for authentication.
const (
	errorSchema = "spec:///" + clientAPI + "/definitions/errors/error.yaml"
	authSchema  = "spec:///" + clientAPI + "/definitions/auth_response.yaml"
)

// checkError judges an error status that the operation does not list. The files list an operation's own errors only; those
// that any operation may give are in the prose and in commonErrors.
func (s *Spec) checkError(x Exchange, report func(string, ...any)) {
	got, _, err := mime.ParseMediaType(x.Header.Get("Content-Type"))
	if err != nil || got != "application/json" {
		report("Content-Type of the error is %q, want application/json", x.Header.Get("Content-Type"))
		return
	}
	location := errorSchema
	// User-interactive authentication asks with a 401 that not every operation's file lists.
	asks := x.Status == http.StatusUnauthorized && gjson.GetBytes(x.Body, "flows").Exists()
	if asks {
		location = authSchema
	}
	schema, err := s.compile(location)
	if err != nil {
		report("the specification's schema cannot be compiled: %v", err)
		return
	}
	body, ok := s.checkBody(schema, x, report)
	if !ok || asks {
		return
	}
	code, _ := body.(map[string]any)["errcode"].(string)
	if !commonErrors[commonError{x.Status, code}] {
		report("status %d with %s is neither the operation's nor a common error", x.Status, code)
	}
}

func (s *Spec) checkBody(schema *jsonschema.Schema, x Exchange, report func(string, ...any)) (any, bool) {
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(x.Body))
	if err != nil {
		report("the body is not JSON: %v", err)
		return nil, false
	}
	if schema == nil {
		return body, true
	}
	err = schema.Validate(body)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		for _, leaf := range leaves(invalid) {
			report("%s", leaf)
		}
		return nil, false
	}
	if err != nil {
		report("checking the body: %v", err)
		return nil, false
	}
	return body, true
}

// leaves gives the innermost reasons of a failed validation, each with its place in the body.
func leaves(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		return []string{e.Error()}
	}
	var all []string
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}
