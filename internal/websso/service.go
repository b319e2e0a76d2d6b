package websso

import (
	"embed"
	"log/slog"
	"net/url"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/webauth"
)

// Paths of the pages.
const (
	pathName     = "/account/sso-name"
	pathConfirm  = "/account/sso-confirm"
	pathHandover = "/account/sso-continue"
	pathProvider = "/account/sso/" // and the provider's id
	callback     = "/callback"

	// PathConnect and PathDisconnect take forms with the field provider, of users who change how they sign in.
	PathConnect    = "/account/sso-connect"
	PathDisconnect = "/account/sso-disconnect"
)

// Options are what a Service is made of.
type Options struct {
	Web      *webauth.Service
	SSO      *sso.Service // nil: there are no providers
	Accounts *account.Service
	// TrustedClients are the addresses of apps that get a login token without a question.
	TrustedClients []string
	Log            *slog.Logger
}

// Service serves the pages.
type Service struct{ Options }

//go:embed pages
var files embed.FS

// New adds the pages, and the providers to the sign-in page.
func New(o Options) *Service {
	s := &Service{o}
	o.Web.Handle("GET "+pathHandover, s.handoverPage)
	o.Web.Handle("POST "+pathHandover, s.handoverForm, webauth.SignedIn(), webauth.Limited("login"))
	if o.SSO == nil {
		return s
	}
	for _, p := range o.SSO.Providers() {
		o.Web.AddProvider(webauth.Provider{Name: p.Name, Path: BeginPath(p.ID), Issuer: p.Issuer})
	}
	o.Web.Handle("GET "+pathProvider+"{id}", s.begin)
	o.Web.Handle("GET "+pathProvider+"{id}"+callback, s.callback)
	o.Web.Handle("GET "+pathName, s.namePage)
	o.Web.Handle("POST "+pathName, s.nameForm, webauth.Limited("registration"))
	o.Web.Handle("GET "+pathConfirm, s.confirmPage)
	o.Web.Handle("POST "+pathConfirm, s.confirmForm, webauth.Limited("login"))
	s.connectPages()
	return s
}

// BeginPath is the path at which a sign-in with a provider begins.
func BeginPath(id string) string { return pathProvider + url.PathEscape(id) }

// BeginURL begins a sign-in with a provider that goes on at next. action is login, register or empty.
func BeginURL(id, next, action string) string {
	return BeginPath(id) + "?" + query("next", next, action)
}

func query(name, value, action string) string {
	v := url.Values{name: {value}}
	if action != "" {
		v.Set("action", action)
	}
	return v.Encode()
}

// HandoverURL is the path of the page that gives an app a login token. The address must be one that CheckRedirect takes; action is login,
// register or empty.
func HandoverURL(redirect, action string) string {
	return pathHandover + "?" + query("redirectUrl", redirect, action)
}

// ConfirmURL is the path of the page on which a person confirms what a session of user-interactive authentication waits for.
func ConfirmURL(session string) string {
	return pathConfirm + "?" + url.Values{"session": {session}}.Encode()
}
