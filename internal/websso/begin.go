package websso

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/webauth"
)

// What a person is sent to a provider for.
const (
	forSignIn = "in"    // to sign in, or to get an account
	forAgain  = "again" // to sign in once more, as the same user
	forStage  = "stage" // to confirm what an app wants to do

	forConnection = "connect" // to sign in with the provider from now on
)

// purpose travels to the provider and back.
type purpose struct {
	Kind string `json:"k"`
	// Next is where the browser goes on.
	Next string `json:"n,omitempty"`
	// User is who must come back, unless it is forSignIn.
	User string `json:"u,omitempty"`
	// Session is that of user-interactive authentication.
	Session string `json:"s,omitempty"`
}

// errNoProvider: Client-Server API, GET /login/sso/redirect/{idpId}, 404: a page that explains the error.
var errNoProvider = &webauth.Problem{
	Status: http.StatusNotFound, Title: "No such sign-in", Text: "This server has no sign-in of this name. Go back to the app and choose another.",
}

// begin sends a person to a provider.
func (s *Service) begin(q *webauth.Request) error {
	p := s.SSO.Provider(q.PathValue("id"))
	if p == nil {
		return errNoProvider
	}
	to := purpose{Kind: forSignIn, Next: q.Next()}
	if q.UserID != "" && q.URL.Query().Get("again") == "true" {
		to.Kind, to.User = forAgain, q.UserID
	}
	asking := sso.Asking{Create: to.Kind == forSignIn && q.URL.Query().Get("action") == "register"}
	attempt, err := s.attempt(q, p, to, asking)
	if err != nil {
		return s.failed(q, p, to, err)
	}
	return q.Redirect(attempt.URL)
}

// attempt begins a sign-in whose ticket this browser keeps. Who must be the same as before is asked to prove it, and expected by the
// address that the provider knows.
func (s *Service) attempt(q *webauth.Request, p *provider.Provider, to purpose, a sso.Asking) (sso.Attempt, error) {
	text, err := json.Marshal(to)
	if err != nil {
		return sso.Attempt{}, err
	}
	a.Redirect, a.Purpose = q.BaseURL()+BeginPath(p.ID)+callback, text
	if to.User != "" {
		a.Fresh = true
		ids, err := s.Accounts.ExternalIDs(q.Context(), to.User)
		if err != nil {
			return sso.Attempt{}, err
		}
		for _, id := range ids {
			if id.Issuer == p.Issuer {
				a.Hint = id.Email
			}
		}
	}
	attempt, err := s.SSO.Begin(q.Context(), p.ID, a)
	if err != nil {
		return attempt, err
	}
	if len(attempt.Ticket) > maxCookie {
		return attempt, &webauth.Problem{
			Status: http.StatusBadRequest, Title: "Too long an address", Text: "The address of the app that sent you here is too long.",
		}
	}
	dropTickets(q)
	setCookie(q, ticketCookie(attempt.State), attempt.Ticket, attempt.Lifetime)
	return attempt, nil
}

// maxTickets bounds the sign-ins of one browser that are under way: all their cookies come with each request.
const maxTickets = 4

// dropTickets makes room for one more ticket.
func dropTickets(q *webauth.Request) {
	var names []string
	for _, c := range q.Cookies() {
		if name := strings.TrimPrefix(c.Name, securePrefix); strings.HasPrefix(name, ticketPrefix) {
			names = append(names, name)
		}
	}
	if len(names) < maxTickets {
		return
	}
	for _, name := range names {
		setCookie(q, name, "", 0)
	}
}

// maxCookie is what fits into a cookie beside its name and attributes.
const maxCookie = 3900

// Prefixes of cookies' names. Browsers let only pages of TLS set those that begin with securePrefix.
const (
	ticketPrefix = "bongsu_sso_ticket_"
	securePrefix = "__Secure-"
)

// ticketCookie is a name for each attempt, so that several windows do not get into each other's way.
func ticketCookie(state string) string {
	const enough = 8
	return ticketPrefix + state[:min(len(state), enough)]
}

// setCookie keeps something in the browser for the pages of this package. SameSite is Lax, since the browser comes back from another
// server.
func setCookie(q *webauth.Request, name, value string, lifetime time.Duration) {
	secure := strings.HasPrefix(q.BaseURL(), "https://")
	c := &http.Cookie{ //nolint:gosec // Secure wherever there is TLS
		Name: cookieName(secure, name), Value: value, Path: "/account", MaxAge: int(lifetime.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(q.W, c)
}

func cookie(q *webauth.Request, name string) string {
	c, err := q.Cookie(cookieName(strings.HasPrefix(q.BaseURL(), "https://"), name))
	if err != nil {
		return ""
	}
	return c.Value
}

func cookieName(secure bool, name string) string {
	if secure {
		return securePrefix + name
	}
	return name
}

//nolint:gochecknoglobals // as fixed as the program
var (
	failedLook = webauth.MustPage(files, "pages/failed.html")
	onwardLook = webauth.MustPage(files, "pages/onward.html")
)

// onward shows a page that leads to a provider by itself. A form that was answered with a redirect there would be stopped by the page's
// policy, if not at the provider then at wherever that leads to.
func onward(q *webauth.Request, p *provider.Provider, address string) error {
	q.W.Header().Set("Refresh", "0; url="+address)
	return q.Show(onwardLook, "On to "+p.Name, map[string]string{"Name": p.Name, "URL": address})
}

type failedView struct {
	Text string
	// Back is where to begin anew; empty: nowhere.
	Back string
}

// failed shows why a sign-in came to nothing.
func (s *Service) failed(q *webauth.Request, p *provider.Provider, to purpose, err error) error {
	status, title, text := words(p.Name, err)
	if status == 0 {
		return err
	}
	v := failedView{Text: text}
	switch to.Kind {
	case forSignIn:
		v.Back = webauth.SignInURL(to.Next, "")
	case forAgain, forConnection:
		v.Back = to.Next
	case forStage:
		v.Back = ConfirmURL(to.Session)
	}
	return q.ShowStatus(status, failedLook, title, v)
}

// words tells an error of package sso in plain words; status 0 if it is none.
func words(name string, err error) (status int, title, text string) {
	var denial *sso.DenialError
	switch {
	case errors.As(err, &denial):
		text = name + " did not let you in. Perhaps you cancelled."
		if denial.Text != "" {
			text = name + " did not let you in. It says: " + denial.Text
		}
		return http.StatusForbidden, "Not signed in", text
	case errors.Is(err, sso.ErrTicket):
		return http.StatusBadRequest, "This sign-in is out of date",
			"It was begun in another browser, took too long, or was used already. Begin it anew."
	case errors.Is(err, sso.ErrUnavailable):
		return http.StatusBadGateway, name + " cannot be reached",
			"This server cannot reach " + name + " right now. Try again in a while, or sign in another way."
	case errors.Is(err, sso.ErrAnswer):
		return http.StatusBadGateway, "Not signed in",
			"The answer of " + name + " was not right, so that nobody was signed in. If it happens again, tell whoever runs this server."
	}
	return 0, "", ""
}
