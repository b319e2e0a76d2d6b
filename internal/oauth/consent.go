package oauth

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/webauth"
)

//go:embed pages
var files embed.FS

var consentLook = webauth.MustPage(files, "pages/consent.html")

func (s *Service) consentPages() {
	s.Web.Handle("GET "+pathConsent, s.consentPage)
	s.Web.Handle("POST "+pathConsent, s.consentForm, webauth.SignedIn())
}

// asked is what a page shows of what a client asks for.
type asked struct {
	Name, URI, Host string
	Terms, Policy   string
	Everything      bool   // all of the client-server API
	Replaces        string // the device of the user whose place it takes; empty: none
	Code            string // that the user has typed; empty: none
	Back            string // the address of this page
	Callback        string // where the browser goes then, in words; empty: nowhere
}

func newAsked(c *client, sc scope, back string) asked {
	return asked{
		Name: c.name(), URI: c.meta.URI, Host: c.host(), Terms: c.meta.TermsURI, Policy: c.meta.PolicyURI,
		Everything: sc.device != "", Back: back,
	}
}

// replaced is the name of the device that a new one takes the place of, and logs out; empty: there is none.
func (s *Service) replaced(q *webauth.Request, sc scope) (string, error) {
	if sc.device == "" {
		return "", nil
	}
	d, err := s.Accounts.Device(q.Context(), q.UserID, sc.device)
	switch {
	case mxerr.HasCode(err, mxerr.NotFound):
		return "", nil
	case err != nil:
		return "", err
	case d.DisplayName != nil && *d.DisplayName != "":
		return *d.DisplayName, nil
	}
	return d.ID, nil
}

// reopen checks an authorization that comes from the address of the page.
func (s *Service) reopen(q *webauth.Request) (authorization, error) {
	v := q.URL.Query()
	c, err := s.client(q.Context(), v.Get("client_id"))
	if err != nil {
		return authorization{}, problem(err)
	}
	redirect := v.Get("redirect_uri")
	if !matchRedirect(c.meta.RedirectURIs, redirect) {
		return authorization{}, errLost
	}
	a, err := newAuthorization(&oidc.AuthRequest{
		RedirectURI: redirect, ResponseType: oidc.ResponseTypeCode, Scopes: oidc.SpaceDelimitedArray{v.Get("scope")}, State: v.Get("state"),
		Nonce: v.Get("nonce"), ResponseMode: oidc.ResponseMode(v.Get("response_mode")), CodeChallenge: v.Get("code_challenge"),
		CodeChallengeMethod: oidc.CodeChallengeMethodS256,
	}, c)
	if err != nil {
		return a, problem(err)
	}
	return a, nil
}

var errLost = &webauth.Problem{Status: http.StatusBadRequest, Title: "Start again in the app",
	Text: "This page was opened in a way that it does not know. Go back to the app, and sign in there once more."}

// problem turns an error that is meant for clients into one for people.
func problem(err error) error {
	var oe *oidc.Error
	if errors.As(err, &oe) {
		return &webauth.Problem{Status: http.StatusBadRequest, Title: "The app cannot sign you in", Text: oe.Description + "."}
	}
	return err
}

func (s *Service) consentPage(q *webauth.Request) error {
	a, err := s.reopen(q)
	if err != nil {
		return err
	}
	v := q.URL.Query()
	if q.UserID == "" {
		return q.Redirect(webauth.SignInURL(q.URL.RequestURI(), v.Get("login_hint")))
	}
	if after, err := strconv.ParseInt(v.Get("after"), 10, 64); err == nil && q.SignedIn.UnixMilli() < after {
		return q.ToSignInAgain()
	}
	q.AllowFormTo(formTarget(a.redirect))
	view := newAsked(a.client, a.scope, q.URL.RequestURI())
	view.Callback = callback(a)
	if view.Replaces, err = s.replaced(q, a.scope); err != nil {
		return err
	}
	return q.Show(consentLook, "Allow "+view.Name+"?", view)
}

// callback says where the browser goes then, if that is a place of its own on the web.
func callback(a authorization) string {
	u, ok := parseHTTPS(a.redirect)
	if !ok || u.Host == a.client.host() {
		return ""
	}
	return u.Host
}

// consentForm: the user has pressed a button.
func (s *Service) consentForm(q *webauth.Request) error {
	a, err := s.reopen(q)
	if err != nil {
		return err
	}
	if q.PostForm.Get("decision") != "allow" {
		to, err := a.respond(&oidc.Error{ErrorType: oidc.AccessDenied, Description: "The user has not allowed it", State: a.state})
		if err != nil {
			return fmt.Errorf("answering a client: %w", err)
		}
		return q.Redirect(to)
	}
	code, hash := newCode()
	err = s.Store.Write(q.Context(), func(tx *store.Tx) error {
		if err := tx.TouchOAuthClient(q.Context(), a.client.id, s.nowMS()); err != nil {
			return err
		}
		return tx.InsertOAuthCode(q.Context(), store.OAuthCode{
			Hash: hash, ClientID: a.client.id, UserID: q.UserID, Scope: a.scope.String(), RedirectURI: a.redirect, Challenge: a.challenge,
			Nonce: a.nonce, SignedInTS: q.SignedIn.UnixMilli(), ExpiresTS: s.after(keepCodes),
		})
	})
	if errors.Is(err, store.ErrNotFound) {
		return problem(errUnknownClient)
	}
	if err != nil {
		return fmt.Errorf("storing a code: %w", err)
	}
	to, err := a.respond(&op.CodeResponseType{Code: code, State: a.state})
	if err != nil {
		return fmt.Errorf("answering a client: %w", err)
	}
	return q.Redirect(to)
}
