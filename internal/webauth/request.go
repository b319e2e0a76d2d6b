package webauth

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/remote"
)

// Request is a browser's request for a page.
type Request struct {
	*http.Request
	W http.ResponseWriter
	// UserID is who is signed in in this browser; empty: nobody.
	UserID string
	// SignedIn is when they last proved who they are.
	SignedIn time.Time

	s      *Service
	secret string   // of the session's cookie
	formTo []string // where forms of the page may lead besides this server
}

// Address is the caller's IP address.
func (q *Request) Address() string { return remote.Address(q.Request, q.s.TrustedProxies) }

// BaseURL is the public address of the server.
func (q *Request) BaseURL() string { return remote.BaseURL(q.Request, q.s.BaseURL, q.s.Entrances) }

// secure tells whether the browser speaks TLS to the server or to a proxy before it.
func (q *Request) secure() bool { return strings.HasPrefix(q.BaseURL(), "https://") }

// Redirect sends the browser on with GET. The address may be another server's: check it before.
func (q *Request) Redirect(address string) error {
	q.W.Header().Set("Cache-Control", "no-store")
	q.W.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(q.W, q.Request, address, http.StatusSeeOther)
	return nil
}

// GoOn sends the browser to where the flow was when somebody had to sign in: the parameter "next" or, without it, the account page.
func (q *Request) GoOn() error { return q.Redirect(q.Next()) }

// Next is the path at which the flow goes on.
func (q *Request) Next() string {
	next := q.URL.Query().Get("next")
	if q.PostForm.Has("next") {
		next = q.PostForm.Get("next")
	}
	return LocalPath(next)
}

// ToSignIn sends the browser to the sign-in page, and back to this page then.
func (q *Request) ToSignIn() error { return q.Redirect(SignInURL(q.here(), "")) }

// ToSignInAgain is ToSignIn for somebody who is signed in, and shall prove it once more.
func (q *Request) ToSignInAgain() error {
	return q.Redirect(SignInURL(q.here(), q.UserID) + "&again=true")
}

// here is the path of this page, or after a form the page that it came from.
func (q *Request) here() string {
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		return q.URL.RequestURI()
	}
	if from, err := url.Parse(q.Referer()); err == nil && from.Host == q.Host {
		return LocalPath(from.RequestURI())
	}
	return PathHome
}

// SignInURL is the path of the sign-in page from which the flow goes on at next. hint names the user who is expected; it may be empty.
func SignInURL(next, hint string) string { return withNext(PathSignIn, next, hint) }

// RegisterURL is the path of the page that creates an account, from which the flow goes on at next.
func RegisterURL(next, hint string) string { return withNext(PathRegister, next, hint) }

func withNext(path, next, hint string) string {
	v := url.Values{}
	if next != "" && next != PathHome {
		v.Set("next", next)
	}
	if hint != "" {
		v.Set("hint", hint)
	}
	if len(v) == 0 {
		return path + "?"
	}
	return path + "?" + v.Encode()
}

// maxNext bounds a path to go on at. An authorization request is in it.
const maxNext = 8 << 10

// LocalPath is a path on this server, with its query, if text is one, and that of the account page if it is anything else.
func LocalPath(text string) string {
	if len(text) > maxNext || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || strings.ContainsFunc(text, notInPath) {
		return PathHome
	}
	u, err := url.Parse(text)
	if err != nil || u.Host != "" || u.Scheme != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return PathHome
	}
	return text
}

// notInPath: browsers take a backslash for a slash, and drop tabs and line ends.
func notInPath(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }

// Expect names in errors what a form lacks.
func (q *Request) Expect(name string) (string, error) {
	v := q.PostForm.Get(name)
	if v == "" {
		return "", &Problem{http.StatusBadRequest, "Something is missing", fmt.Sprintf("The form came without its field %q.", name)}
	}
	return v, nil
}
