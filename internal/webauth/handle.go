package webauth

import (
	"context"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// Handler serves a page. An error becomes an error page: a *Problem or *mxerr.Error with its words, any other as a failure of the server.
type Handler func(q *Request) error

// Bounds of one request for a page.
const (
	maxForm     = 64 << 10
	pageTimeout = 30 * time.Second
)

// Problem is an error that is told to the person in front of the browser.
type Problem struct { //nolint:errname // it is a page, which is shown, rather than an error that is tested for
	Status int
	Title  string
	Text   string
}

// Error implements error.
func (p *Problem) Error() string { return p.Title + ": " + p.Text }

var (
	errForm = &Problem{http.StatusForbidden, "This form is out of date",
		"It was opened in another browser or long ago. Go back, load the page again, and send it once more."}
	errTooLarge = &Problem{http.StatusRequestEntityTooLarge, "Too much", "The form holds more than the server takes."}
)

// Option changes how a page is served.
type Option func(*guard)

// guard is what stands before a handler.
type guard struct {
	signedIn bool
	class    string
	within   time.Duration
}

// SignedIn sends those who are not signed in to the sign-in page first.
func SignedIn() Option { return func(g *guard) { g.signedIn = true } }

// Recently is SignedIn, and asks again for the password of those who gave it longer ago than d.
func Recently(d time.Duration) Option {
	return func(g *guard) { g.signedIn, g.within = true, d }
}

// Limited counts the requests that change something, by address, in a class of the rate limits.
func Limited(class string) Option { return func(g *guard) { g.class = class } }

// Handle serves a page at a pattern of http.ServeMux, such as "GET /account/devices". Forms are checked before the handler sees them.
func (s *Service) Handle(pattern string, h Handler, opts ...Option) {
	var g guard
	for _, o := range opts {
		o(&g)
	}
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, g, h) })
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request, g guard, h Handler) {
	ctx, cancel := context.WithTimeout(r.Context(), pageTimeout)
	defer cancel()
	q := &Request{Request: r.WithContext(ctx), W: w, s: s}
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("panic in a page", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
			q.fail(errors.New("panic"))
		}
	}()
	if err := s.guarded(q, g, h); err != nil {
		q.fail(err)
	}
}

func (s *Service) guarded(q *Request, g guard, h Handler) error {
	if err := q.identify(); err != nil {
		return err
	}
	if q.Method != http.MethodGet && q.Method != http.MethodHead {
		if err := q.checkForm(); err != nil {
			return err
		}
		if g.class != "" && s.Limiter != nil {
			if ok, retry := s.Limiter.Allow(g.class, q.Address()); !ok {
				return mxerr.Limited(retry)
			}
		}
	}
	if g.signedIn && q.UserID == "" {
		return q.ToSignIn()
	}
	if g.within > 0 && s.Now().Sub(q.SignedIn) > g.within {
		return q.ToSignInAgain()
	}
	return h(q)
}

// fail shows an error.
func (q *Request) fail(err error) {
	p := q.problem(err)
	if p.Status >= http.StatusInternalServerError {
		q.s.Log.Error("a page failed", "method", q.Method, "path", q.URL.Path, "err", err)
	}
	if err := q.ShowStatus(p.Status, problemPage, p.Title, p); err != nil {
		q.s.Log.Error("showing an error failed", "err", err)
		http.Error(q.W, p.Text, p.Status)
	}
}

func (q *Request) problem(err error) *Problem {
	var p *Problem
	var mx *mxerr.Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &large):
		return errTooLarge
	case errors.As(err, &mx):
		if ms, ok := mx.Fields["retry_after_ms"].(int64); ok {
			q.W.Header().Set("Retry-After", strconv.FormatInt((ms+999)/1000, 10))
			return &Problem{mx.Status, "Not so fast", "There were many attempts. Wait " + inWords(ms) + ", then try again."}
		}
		return &Problem{mx.Status, "That did not work", mx.Message + "."}
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &Problem{http.StatusServiceUnavailable, "One moment", "The server cannot do this right now. Try again in a few seconds."}
	}
	return &Problem{http.StatusInternalServerError, "Something went wrong", "The fault is the server's, not yours. Try again in a while."}
}

// Words tells an error in words, for a page that shows it beside a form; "" and the error itself if it is not one that a person can mend.
func (q *Request) Words(err error) (string, error) {
	var mx *mxerr.Error
	if !errors.As(err, &mx) || mx.Status >= http.StatusInternalServerError {
		return "", err
	}
	return q.problem(err).Text, nil
}

func inWords(ms int64) string {
	if s := (ms + 999) / 1000; s > 1 {
		return strconv.FormatInt(s, 10) + " seconds"
	}
	return "a second"
}
