package websso

import (
	"net/url"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/webauth"
)

// handoverLifetime is how long an app may take to use its login token. Client-Server API, "Handling the callback from the Authentication
// server", 3, gives around five seconds: time in which a telephone on a slow line cannot start a web app.
const handoverLifetime = 30 * time.Second

//nolint:gochecknoglobals // as fixed as the program
var handoverLook = webauth.MustPage(files, "pages/handover.html")

type handoverView struct {
	App   string
	Site  bool // App is the host of a site, not the scheme of an app
	Plain bool // the site is reached without encryption
	Here  string
}

// handoverPage asks whether an app may have a login token (Client-Server API, "Client login via SSO", security considerations).
func (s *Service) handoverPage(q *webauth.Request) error {
	u, err := parseRedirect(q.URL.Query().Get("redirectUrl"))
	if err != nil {
		return err
	}
	here := HandoverURL(u.String(), "")
	switch {
	case q.UserID != "" && trusted(u, s.TrustedClients):
		return s.hand(q, u)
	case q.UserID != "":
		return s.askHandover(q, u)
	case q.URL.Query().Get("action") == "register" && s.Accounts.Registration != account.RegistrationClosed:
		return q.Redirect(webauth.RegisterURL(here, ""))
	}
	return q.Redirect(webauth.SignInURL(here, ""))
}

func (s *Service) askHandover(q *webauth.Request, u *url.URL) error {
	v := handoverView{Here: HandoverURL(u.String(), ""), Plain: u.Scheme == "http" && !isLoopback(u.Hostname())}
	v.App, v.Site = app(u)
	q.AllowFormTo(source(u))
	return q.Show(handoverLook, "Continue to "+v.App+"?", v)
}

func (s *Service) handoverForm(q *webauth.Request) error {
	u, err := parseRedirect(q.URL.Query().Get("redirectUrl"))
	if err != nil {
		return err
	}
	return s.hand(q, u)
}

// hand gives an app its login token.
func (s *Service) hand(q *webauth.Request, u *url.URL) error {
	token, err := s.Accounts.NewHandoverToken(q.Context(), q.UserID, handoverLifetime)
	if err != nil {
		return err
	}
	return q.Redirect(withToken(u, token))
}
