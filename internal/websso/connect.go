package websso

import (
	"time"

	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/webauth"
)

// recent is how long ago somebody may have proved who they are who changes how they sign in.
const recent = 5 * time.Minute

func (s *Service) connectPages() {
	s.Web.Handle("POST "+PathConnect, s.connect, webauth.Recently(recent), webauth.Limited("login"))
	s.Web.Handle("POST "+PathDisconnect, s.disconnect, webauth.Recently(recent))
}

// connect sends a user, who has an account, to a provider with which to sign in from now on.
func (s *Service) connect(q *webauth.Request) error {
	p := s.SSO.Provider(q.PostForm.Get("provider"))
	if p == nil {
		return errNoProvider
	}
	to := purpose{Kind: forConnection, Next: webauth.PathHome, User: q.UserID}
	attempt, err := s.attempt(q, p, to, sso.Asking{})
	if err != nil {
		return s.failed(q, p, to, err)
	}
	return onward(q, p, attempt.URL)
}

// connected ends what connect began, if the same user is still signed in in this browser.
func (s *Service) connected(q *webauth.Request, person sso.Person, to purpose) error {
	if q.UserID != to.User {
		return errAnother
	}
	if err := s.Accounts.ConnectExternal(q.Context(), external(person), to.User); err != nil {
		return err
	}
	return q.Redirect(webauth.PathHome)
}

func (s *Service) disconnect(q *webauth.Request) error {
	p := s.SSO.Provider(q.PostForm.Get("provider"))
	if p == nil {
		return errNoProvider
	}
	if err := s.Accounts.DisconnectExternal(q.Context(), q.UserID, p.Issuer); err != nil {
		return err
	}
	return q.Redirect(webauth.PathHome)
}
