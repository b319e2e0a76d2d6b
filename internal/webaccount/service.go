package webaccount

import (
	"embed"
	"net/url"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/oauth"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/webauth"
)

// Paths of the pages.
const (
	pathProfile    = webauth.PathHome + "/profile"
	pathDevices    = webauth.PathHome + "/devices"
	pathDevice     = webauth.PathHome + "/device"
	pathDeviceName = webauth.PathHome + "/device-name"
	pathDeviceEnd  = webauth.PathHome + "/device-log-out"
	pathPassword   = webauth.PathHome + "/password"
	pathDeactivate = webauth.PathHome + "/deactivate"
	pathReset      = webauth.PathHome + "/reset-cross-signing" // served by package oauth
)

// recent is how long ago somebody may have proved who they are who has no password to give once more.
const recent = 5 * time.Minute

// Options are what a Service is made of.
type Options struct {
	Web      *webauth.Service
	Accounts *account.Service
	SSO      *sso.Service // nil: there are no providers
	// Resets tells whether there is the page on which users allow that their cross-signing keys are replaced.
	Resets bool
}

// Service serves the pages.
type Service struct{ Options }

//go:embed pages
var files embed.FS

// New adds the pages.
func New(o Options) *Service {
	s := &Service{o}
	page := func(pattern string, h webauth.Handler, opts ...webauth.Option) {
		o.Web.Handle(pattern, h, append(opts, webauth.SignedIn())...)
	}
	page("GET "+webauth.PathHome, s.home)
	page("POST "+pathProfile, s.saveProfile)
	page("GET "+pathDevices, s.devices)
	page("GET "+pathDevice, s.device)
	page("POST "+pathDeviceName, s.renameDevice)
	page("GET "+pathDeviceEnd, s.askEndDevice)
	page("POST "+pathDeviceEnd, s.endDevice)
	page("GET "+pathPassword, s.passwordPage)
	page("POST "+pathPassword, s.changePassword, webauth.Limited("login"))
	page("GET "+pathDeactivate, s.deactivatePage)
	page("POST "+pathDeactivate, s.deactivate, webauth.Limited("login"))
	return s
}

// Names of actions before Matrix 1.18, which apps still use (MSC4191).
const (
	oldDevicesList  = "org.matrix.sessions_list"
	oldDeviceView   = "org.matrix.session_view"
	oldDeviceDelete = "org.matrix.session_end"
)

// actionPath is the page for an action (Client-Server API, "Account management URL parameters"); empty: the account's first page.
func (s *Service) actionPath(action, deviceID string) string {
	switch action {
	case oauth.ActionDevicesList, oldDevicesList:
		return pathDevices
	case oauth.ActionDeviceView, oldDeviceView:
		return devicePath(pathDevice, deviceID)
	case oauth.ActionDeviceDelete, oldDeviceDelete:
		return devicePath(pathDeviceEnd, deviceID)
	case oauth.ActionAccountDeactivate:
		return pathDeactivate
	case oauth.ActionCrossSigningReset:
		if s.Resets {
			return pathReset
		}
	}
	return ""
}

// devicePath is a page about a device; without one, that of all devices.
func devicePath(path, deviceID string) string {
	if deviceID == "" {
		return pathDevices
	}
	return path + "?" + url.Values{"device_id": {deviceID}}.Encode()
}

// proved tells whether somebody has just proved who they are: by signing in a short while ago, who has no password, and else by the
// password in the form, of which problem says what is wrong.
func (s *Service) proved(q *webauth.Request, hasPassword bool) (ok bool, problem string, err error) {
	if !hasPassword {
		return s.Web.Now().Sub(q.SignedIn) <= recent, "", nil
	}
	id := account.Identifier{Type: "m.id.user", User: q.UserID}
	if _, err = s.Accounts.VerifyPassword(q.Context(), id, q.PostForm.Get("current")); err == nil {
		return true, "", nil
	}
	problem, err = q.Words(err)
	if err == nil && problem == errWrongPassword {
		problem = "The password is wrong."
	}
	return false, problem, err
}

// errWrongPassword is what package account says of a name and a password, of which here only one can be wrong.
const errWrongPassword = "The user name or the password is wrong."

// done leads to a page after a change, which then says what was done.
func done(q *webauth.Request, path, what string) error {
	u, err := url.Parse(path)
	if err != nil {
		return err
	}
	v := u.Query()
	v.Set("done", what)
	u.RawQuery = v.Encode()
	return q.Redirect(u.String())
}

// Changes that the next page tells of.
const (
	doneProfile  = "profile"
	doneName     = "name"
	doneLogOut   = "log-out"
	donePassword = "password"
)

// notice is what a page says first of a change that was made just now; empty: nothing.
func notice(q *webauth.Request) string {
	switch q.URL.Query().Get("done") {
	case doneProfile:
		return "Your display name is changed."
	case doneName:
		return "The device has its new name."
	case doneLogOut:
		return "The device is logged out."
	case donePassword:
		return "Your password is changed."
	}
	return ""
}
