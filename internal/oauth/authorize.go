package oauth

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/webauth"
)

// Values of the parameter prompt.
const (
	promptNone   = "none"
	promptLogin  = "login"
	promptCreate = "create"
)

// Bounds of what a client gives to be given back.
const (
	maxState = 2048
	maxNonce = 512
)

// challengeLen is the length of a SHA-256 in base64 without padding.
const challengeLen = 43

// authorization is what a client asks a user for. It travels in the address of the page on which the user decides, and is checked anew
// whenever it comes from there.
type authorization struct {
	client       *client
	redirect     string
	scope        scope
	state, nonce string
	mode         oidc.ResponseMode
	challenge    string
}

// newAuthorization checks a request of a client whose redirect URI is its own. Errors are for the client.
func newAuthorization(r *oidc.AuthRequest, c *client) (authorization, error) {
	q := authorization{client: c, redirect: r.RedirectURI, state: r.State, nonce: r.Nonce, mode: r.ResponseMode, challenge: r.CodeChallenge}
	var err error
	switch {
	case r.RequestParam != "":
		return q, oidc.ErrRequestNotSupported()
	case !c.may(oidc.GrantTypeCode) || r.ResponseType != oidc.ResponseTypeCode:
		return q, oidc.ErrUnauthorizedClient().WithDescription("The client has not registered for this grant")
	case q.mode != "" && q.mode != oidc.ResponseModeQuery && q.mode != oidc.ResponseModeFragment:
		return q, oidc.ErrInvalidRequest().WithDescription("response_mode must be query or fragment")
	case r.CodeChallengeMethod != oidc.CodeChallengeMethodS256 || len(q.challenge) != challengeLen:
		return q, oidc.ErrInvalidRequest().WithDescription("A code_challenge with the method S256 is needed")
	case len(q.state) > maxState || len(q.nonce) > maxNonce:
		return q, oidc.ErrInvalidRequest().WithDescription("state or nonce is too long")
	case slices.Contains(r.Prompt, promptNone):
		return q, oidc.ErrInteractionRequired().WithDescription("The user must decide each time")
	}
	q.scope, err = parseScope(strings.Join(r.Scopes, " "))
	return q, err
}

// page is the address of the page on which the user decides, by way of creating an account if the client asks for that.
func (s *Service) page(q authorization, r *oidc.AuthRequest) string {
	v := url.Values{
		"client_id": {q.client.id}, "redirect_uri": {q.redirect}, "scope": {q.scope.String()}, "code_challenge": {q.challenge},
	}
	for name, value := range map[string]string{
		"state": q.state, "nonce": q.nonce, "response_mode": string(q.mode), "login_hint": r.LoginHint, "after": signInAfter(r, s.Now()),
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	page := pathConsent + "?" + v.Encode()
	if slices.Contains(r.Prompt, promptCreate) && s.registers() {
		return webauth.RegisterURL(page, r.LoginHint)
	}
	return page
}

// registers tells whether people can create accounts.
func (s *Service) registers() bool { return s.Accounts.Registration != account.RegistrationClosed }

// signInAfter is the time, in milliseconds, since when the user must have given the password; empty: it does not matter.
func signInAfter(r *oidc.AuthRequest, now time.Time) string {
	switch {
	case slices.Contains(r.Prompt, promptLogin):
		return strconv.FormatInt(now.UnixMilli(), 10)
	case r.MaxAge != nil:
		return strconv.FormatInt(now.UnixMilli()-int64(min(*r.MaxAge, 1<<31))*1000, 10)
	}
	return ""
}

// respond is the address that gives the client its answer: a code or an *oidc.Error.
func (q authorization) respond(answer any) (string, error) {
	return op.AuthResponseURL(q.redirect, oidc.ResponseTypeCode, q.mode, answer, oidc.NewEncoder())
}

// authorizePages serve the authorization endpoint, to which people's browsers come.
func (s *Service) authorizePages(library http.Handler) {
	s.Web.Handle("GET "+pathAuthorize, func(q *webauth.Request) error {
		var answer buffer
		library.ServeHTTP(&answer, q.Request)
		if to := answer.header.Get("Location"); answer.status == http.StatusFound && to != "" {
			return q.Redirect(to)
		}
		var told struct {
			Description string `json:"error_description"`
		}
		if err := json.Unmarshal(answer.body.Bytes(), &told); err != nil || told.Description == "" {
			told.Description = "What the app asks for is not understood"
		}
		status := max(answer.status, http.StatusBadRequest)
		return &webauth.Problem{Status: status, Title: "The app cannot sign you in",
			Text: told.Description + ". Go back to the app and try once more."}
	})
	// OpenID Connect Core, 3.1.2.1: POST must be understood, too.
	s.Web.Mount("POST "+pathAuthorize, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "The form could not be read", http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, pathAuthorize+"?"+r.Form.Encode(), http.StatusSeeOther) //nolint:gosec // a path of this server
	}))
}

// buffer is a response that is kept, to be shown in another form.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header {
	if b.header == nil {
		b.header = http.Header{}
	}
	return b.header
}

func (b *buffer) WriteHeader(status int) {
	if b.status == 0 {
		b.status = status
	}
}

func (b *buffer) Write(text []byte) (int, error) {
	b.WriteHeader(http.StatusOK)
	return b.body.Write(text)
}
