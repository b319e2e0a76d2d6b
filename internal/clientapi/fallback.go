package clientapi

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"net/url"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/oauth"
	"bongsu.org/bongsu/internal/store"
)

// fallbackRoutes: pages for clients that do not know how to do a stage or a login themselves (Client-Server API, "Fallback" and "Login
// Fallback").
func (a *API) fallbackRoutes() {
	a.client(http.MethodGet, "/auth/{authType}/fallback/web", a.stagePage, as(authNone))
	a.client(http.MethodPost, "/auth/{authType}/fallback/web", a.stageForm, as(authNone), limited("login"), bodyUpTo(maxForm))
	a.handle(http.MethodGet, "/_matrix/static/client/login/", a.loginPage, as(authNone))
	a.handle(http.MethodGet, "/_matrix/static/client/login", a.loginPage, as(authNone))
}

// maxForm bounds a form that a person fills in.
const maxForm = 8 << 10

//go:embed pages/page.html
var pageFiles embed.FS

var pages = template.Must(template.ParseFS(pageFiles, "pages/page.html"))

// page is what the pages show.
type page struct {
	Stage   string
	Session string
	Error   string
	Nonce   string // of the one script that may run
	// Providers are those of single sign-on, on the page of logging in.
	Providers []identityProvider
}

func (a *API) stagePage(r *request) (any, error) {
	if r.param("authType") == account.StageOAuth {
		http.Redirect(r.w, r.Request, oauth.AccountURL(r.entranceURL(), oauth.ActionCrossSigningReset), http.StatusFound)
		return written{}, nil
	}
	p, err := stageOf(r, r.query("session"))
	if err != nil {
		return nil, err
	}
	if p.Stage == account.StageSSO {
		return a.ssoStagePage(r, p)
	}
	return writePage(r, http.StatusOK, "stage", p)
}

func stageOf(r *request, session string) (page, error) {
	p := page{Stage: r.param("authType"), Session: session}
	switch p.Stage {
	case account.StageDummy, account.StagePassword, account.StageToken, account.StageSSO:
	default:
		return p, mxerr.New(http.StatusNotFound, mxerr.Unrecognized, "This stage is not known")
	}
	if session == "" {
		return p, mxerr.MissingParamf("session is missing")
	}
	return p, nil
}

// stageForm does a stage with what a person has filled in.
func (a *API) stageForm(r *request) (any, error) {
	raw, err := r.bytes()
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, mxerr.InvalidParamf("The form could not be read")
	}
	p, err := stageOf(r, form.Get("session"))
	if err != nil {
		return nil, err
	}
	auth, err := json.Marshal(map[string]string{
		"type": p.Stage, "token": form.Get("token"), "user": form.Get("user"), "password": form.Get("password"),
	})
	if err != nil {
		return nil, err
	}
	err = a.Accounts.CompleteStage(r.Context(), p.Session, auth)
	var mx *mxerr.Error
	switch {
	case isNotFound(err):
		p.Error = tooLong
		return writePage(r, http.StatusNotFound, "stage", p)
	case errors.As(err, &mx):
		p.Error = mx.Message
		return writePage(r, mx.Status, "stage", p)
	case err != nil:
		return nil, err
	}
	return writePage(r, http.StatusOK, "done", p)
}

const tooLong = "This took too long. Go back to the app and begin again."

func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }

func (a *API) loginPage(r *request) (any, error) {
	return writePage(r, http.StatusOK, "login", page{Providers: a.identityProviders()})
}

// writePage shows a page on which nothing runs but its own script.
func writePage(r *request, status int, name string, p page) (any, error) {
	p.Nonce = rand.Text()
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, p); err != nil {
		return nil, err
	}
	h := r.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-"+p.Nonce+
		"'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	r.w.WriteHeader(status)
	_, _ = r.w.Write(out.Bytes()) // the browser may be gone
	return written{}, nil
}
