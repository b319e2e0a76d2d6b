package websso

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/webauth"
)

// callback is where a provider sends people back to.
func (s *Service) callback(q *webauth.Request) error {
	p := s.SSO.Provider(q.PathValue("id"))
	if p == nil {
		return errNoProvider
	}
	if limiter := s.Web.Limiter; limiter != nil {
		if ok, retry := limiter.Allow("login", q.Address()); !ok {
			return mxerr.Limited(retry)
		}
	}
	answer := q.URL.Query()
	name := ticketCookie(answer.Get("state"))
	ticket := cookie(q, name)
	setCookie(q, name, "", 0)
	person, text, err := s.SSO.Finish(q.Context(), p.ID, ticket, answer)
	to := purpose{Kind: forSignIn}
	if text != nil {
		if err := json.Unmarshal(text, &to); err != nil {
			return fmt.Errorf("reading what a sign-in was for: %w", err)
		}
	}
	if err != nil {
		return s.failed(q, p, to, err)
	}
	switch to.Kind {
	case forSignIn:
		return s.signIn(q, p, person, to.Next)
	case forConnection:
		return s.connected(q, person, to)
	}
	return s.sameUser(q, p, person, to)
}

func external(p sso.Person) account.External {
	return account.External{Issuer: p.Issuer, Subject: p.Subject, Email: p.Email}
}

// signIn signs a person in who came from a provider, with an account if there is none yet.
func (s *Service) signIn(q *webauth.Request, p *provider.Provider, person sso.Person, next string) error {
	userID, err := s.Accounts.ExternalUser(q.Context(), external(person))
	if errors.Is(err, store.ErrNotFound) {
		userID, err = s.newcomer(q, p, person)
	}
	var taken *askError
	switch {
	case errors.As(err, &taken):
		return s.askName(q, person, next)
	case err != nil:
		return err
	}
	return s.enter(q, userID, next)
}

// enter ends a sign-in.
func (s *Service) enter(q *webauth.Request, userID, next string) error {
	if err := q.SignIn(userID); err != nil {
		return err
	}
	return q.Redirect(webauth.LocalPath(next))
}

// askError tells that the person must choose a name.
type askError struct{}

func (*askError) Error() string { return "a name must be chosen" }

func errClosed(p *provider.Provider) error {
	return &webauth.Problem{
		Status: http.StatusForbidden, Title: "No account here",
		Text: p.Name + " knows you, but you have no account on this server, and it makes none by itself. Ask whoever runs it.",
	}
}

// newcomer gives a person who comes for the first time the account of the name that the claims give, or makes it.
func (s *Service) newcomer(q *webauth.Request, p *provider.Provider, person sso.Person) (userID string, err error) {
	if p.ExistingUsers && person.Localpart != "" {
		userID, err = s.Accounts.LinkExternal(q.Context(), external(person), person.Localpart)
		switch {
		case err == nil:
			return userID, nil
		case errors.Is(err, store.ErrNotFound), mxerr.HasCode(err, mxerr.InvalidUsername), mxerr.HasCode(err, mxerr.Forbidden):
		default:
			return "", err
		}
	}
	if !p.Register {
		return "", errClosed(p)
	}
	if p.AskLocalpart || person.Localpart == "" {
		return "", &askError{}
	}
	userID, err = s.Accounts.RegisterExternal(q.Context(), external(person), person.Localpart, person.DisplayName)
	if isName(err) {
		return "", &askError{}
	}
	return userID, err
}

// isName tells whether an error is one that another name mends.
func isName(err error) bool {
	return mxerr.HasCode(err, mxerr.UserInUse) || mxerr.HasCode(err, mxerr.InvalidUsername) || mxerr.HasCode(err, mxerr.Exclusive)
}

// newcomerCookie holds who is choosing a name.
const (
	newcomerCookie   = "bongsu_sso_name"
	newcomerLifetime = 15 * time.Minute
)

// newcomer is a person who is choosing a name.
type newcomer struct {
	Person sso.Person `json:"p"`
	Next   string     `json:"n"`
}

func (s *Service) askName(q *webauth.Request, person sso.Person, next string) error {
	text, err := s.SSO.Hold(newcomerCookie, newcomer{person, next}, newcomerLifetime)
	if err != nil {
		return err
	}
	if len(text) > maxCookie {
		return fmt.Errorf("the claims of a person at %s do not fit into a cookie", person.Provider)
	}
	setCookie(q, newcomerCookie, text, newcomerLifetime)
	return q.Redirect(pathName)
}

// errAnother: who comes back from the provider is not who was to prove something.
var errAnother = &webauth.Problem{
	Status: http.StatusForbidden, Title: "This is another account",
	Text: "You came back with an account that does not belong to the user in question. Sign in there with the right one, and try again.",
}

// sameUser goes on with what a user had to prove who they are for.
func (s *Service) sameUser(q *webauth.Request, p *provider.Provider, person sso.Person, to purpose) error {
	userID, err := s.Accounts.ExternalUser(q.Context(), external(person))
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && userID != to.User:
		return errAnother
	case err != nil:
		return err
	case to.Kind == forAgain:
		return s.enter(q, userID, to.Next)
	}
	return s.completeStage(q, p, userID, to.Session)
}
