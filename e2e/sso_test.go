package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"bongsu.org/bongsu/internal/sso/optest"
)

// ssoServer is a server with one provider of single sign-on.
type ssoServer struct {
	*Suite
	URL string
	t   *testing.T
	op  *optest.OP
}

// startSSO starts them. more is text of the provider's file, settings more of the server's.
func startSSO(t *testing.T, more, settings string, faults ...optest.Faults) *ssoServer {
	t.Helper()
	op := optest.New(t)
	op.SignedIn(person("1", "alice"))
	for _, f := range faults {
		op.Break(f)
	}
	file := filepath.Join(t.TempDir(), "provider.yaml")
	text := fmt.Sprintf("id: company\nname: Example Company\nicon: mxc://bongsu.test/icon\nbrand: example\nissuer: %s\nclient_id: %s\nclient_secret: %s\n%s",
		op.Issuer, optest.ClientID, optest.ClientSecret, more)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	config := "single_sign_on:\n  providers: [" + file + "]\n" + settings
	server := Start(t, Options{Config: config})
	return &ssoServer{On(t, server), server.URL, t, op}
}

func person(sub, name string) map[string]any {
	return map[string]any{"sub": sub, "preferred_username": name, "name": "The one called " + name, "email": name + "@company.example"}
}

// window is a browser without scripts: it keeps cookies, and follows redirects within the server and to the provider.
type window struct {
	t    *testing.T
	http *http.Client
	page // what it shows
}

// page is a page, or the address outside to which the browser was sent.
type page struct {
	status int
	at     *url.URL
	text   string
	// outside is where the last redirect led, if that is to an app.
	outside *url.URL
}

const appAddress = "https://app.example.org/"

func (s *ssoServer) window() *window {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	w := &window{t: s.t}
	w.http = &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), appAddress) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return w
}

func (w *window) open(address string) *window {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.send(req)
}

func (w *window) send(req *http.Request) *window {
	w.t.Helper()
	resp, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.page = page{status: resp.StatusCode, at: resp.Request.URL, text: string(text)}
	if resp.StatusCode/100 == 3 {
		if w.outside, err = resp.Location(); err != nil {
			w.t.Fatal(err)
		}
	}
	if refresh := resp.Header.Get("Refresh"); refresh != "" {
		return w.open(strings.TrimPrefix(refresh, "0; url="))
	}
	return w
}

// submit fills in the form on the page that has a button with these words, and sends it. Fields are given as names and values in turn.
func (w *window) submit(button string, fields ...string) *window {
	w.t.Helper()
	form, ok := findForm(w.text, button)
	if !ok {
		w.t.Fatalf("%s has no button %q: %s", w.at, button, w.text)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.values.Set(fields[i], fields[i+1])
	}
	to, err := w.at.Parse(form.action)
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, to.String(), strings.NewReader(form.values.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", w.at.Scheme+"://"+w.at.Host)
	return w.send(req)
}

// want fails the test unless the page has this status and these words.
func (w *window) want(status int, words ...string) *window {
	w.t.Helper()
	for _, word := range words {
		if w.status != status || !strings.Contains(w.text, word) {
			w.t.Fatalf("%s: %d, want %d and %q: %s", w.at, w.status, status, word, w.text)
		}
	}
	if w.status != status {
		w.t.Fatalf("%s: %d, want %d: %s", w.at, w.status, status, w.text)
	}
	return w
}

type form struct {
	action string
	values url.Values
}

func findForm(text, button string) (form, bool) {
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		return form{}, false
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "form" {
			continue
		}
		f, found := form{action: attribute(n, "action"), values: url.Values{}}, false
		for field := range n.Descendants() {
			switch field.Data {
			case "input", "textarea":
				f.values.Set(attribute(field, "name"), attribute(field, "value"))
			case "button":
				found = found || field.FirstChild != nil && strings.TrimSpace(field.FirstChild.Data) == button
			}
		}
		if found {
			return f, true
		}
	}
	return form{}, false
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// redirectPath begins a login of the app.
func (s *ssoServer) redirectPath(redirect string, provider ...string) string {
	return s.URL + V3(append([]string{"login", "sso", "redirect"}, provider...)...) + Query("redirectUrl", redirect)
}

// login logs the app in with the login token that the browser was sent to it with.
func (s *ssoServer) login(w *window) *Response {
	s.t.Helper()
	if w.outside == nil {
		s.t.Fatalf("the browser is at %s: %d %s", w.at, w.status, w.text)
	}
	return s.Client().Post(V3("login"), Obj{"type": "m.login.token", "token": w.outside.Query().Get("loginToken")})
}

// loggedIn signs the person in who is at the provider, and the app.
func (s *ssoServer) loggedIn(w *window) *User {
	s.t.Helper()
	w.open(s.redirectPath(appAddress, "company")).want(200, "app.example.org").submit("Continue")
	r := s.login(w).OK()
	u := &User{Client: s.Client(), ID: r.Str("user_id"), Device: r.Str("device_id")}
	u.Token = r.Str("access_token")
	return u
}

func TestSSOIsAFlowOfLogin(t *testing.T) {
	s := startSSO(t, "", "")
	s.Client().Get(V3("login")).OK().WantJSON(
		`flows.#(type=="m.login.sso").identity_providers`, []any{Obj{"id": "company", "name": "Example Company", "icon": "mxc://bongsu.test/icon", "brand": "example"}},
		`flows.#(type=="m.login.sso").oauth_aware_preferred`, true,
		`flows.#(type=="m.login.token").get_login_token`, true)
}

func TestSSOLogsAnAppIn(t *testing.T) {
	s := startSSO(t, "", "")
	w := s.window()
	w.open(s.redirectPath(appAddress+"cb?a=%2F&loginToken=old&b=1#here", "company"))
	w.want(200, "app.example.org", "@alice:bongsu.test").submit("Continue")
	if got := w.outside.String(); !strings.HasPrefix(got, appAddress+"cb?a=%2F&b=1&loginToken=bgl_") || !strings.HasSuffix(got, "#here") {
		t.Fatalf("sent to %s", got)
	}
	r := s.login(w).OK()
	if r.Str("user_id") != "@alice:bongsu.test" {
		t.Fatalf("logged in as %s", r.Str("user_id"))
	}
	s.login(w).WantError(403, "M_FORBIDDEN") // the token is spent
	s.Client().Get(V3("profile", "@alice:bongsu.test")).OK().WantJSON("displayname", "The one called alice")
	if again := s.loggedIn(s.window()); again.ID != "@alice:bongsu.test" {
		t.Errorf("the second time it is %s", again.ID)
	}
	// The browser is signed in: a further app needs no provider, but the person's word.
	s.op.Break(optest.Faults{Down: true})
	w.open(s.redirectPath("com.example.app:/callback")).want(200, "com.example.app:", "@alice:bongsu.test")
}

func TestSSOWithThePasswordOfTheServer(t *testing.T) {
	s := startSSO(t, "", "")
	bob := s.User("bob")
	w := s.window()
	w.open(s.redirectPath(appAddress)).want(200, "Continue with Example Company")
	w.submit("Sign in", "user", bob.Localpart, "password", bob.Password).want(200, "app.example.org", bob.ID).submit("Continue")
	if got := s.login(w).OK().Str("user_id"); got != bob.ID {
		t.Error(got)
	}
	s.window().open(s.redirectPath(appAddress)+"&action=register").want(200, "Create the account", "Continue with Example Company")
}

func TestSSOAsksForAnotherNameWhereOneIsTaken(t *testing.T) {
	s := startSSO(t, "", "")
	alice := s.User("alice")
	s.op.SignedIn(person("1", alice.Localpart))
	w := s.window()
	w.open(s.redirectPath(appAddress, "company")).want(200, "Choose a user name", "Example Company", "@company.example")
	w.submit("Create the account", "user", alice.Localpart).want(400, "This user name is taken")
	w.submit("Create the account", "user", "with space").want(400, "A user name is made of")
	w.submit("Create the account", "user", "Alice.Two").want(200, "@alice.two:bongsu.test").submit("Continue")
	if got := s.login(w).OK().Str("user_id"); got != "@alice.two:bongsu.test" {
		t.Error(got)
	}
	w.open(s.URL+"/account/sso-name").want(400, "out of date")
}

func TestSSOGivesAnAccountThatIsThereOnlyWhereTheOperatorSaysSo(t *testing.T) {
	s := startSSO(t, "existing_users: true\nregister: false", "")
	alice := s.User("alice")
	s.op.SignedIn(person("1", alice.Localpart))
	if got := s.loggedIn(s.window()).ID; got != alice.ID {
		t.Errorf("logged in as %s", got)
	}
	s.op.SignedIn(person("2", alice.Localpart))
	s.window().open(s.redirectPath(appAddress, "company")).want(403, "No account here")
	s.op.SignedIn(person("3", "nobody"))
	s.window().open(s.redirectPath(appAddress, "company")).want(403, "No account here")
}

func TestSSOWithoutTheProvider(t *testing.T) {
	s := startSSO(t, "", "")
	s.op.Break(optest.Faults{Denies: "access_denied"})
	w := s.window().open(s.redirectPath(appAddress, "company")).want(403, "Example Company did not let you in", "The provider says why.", "/account/sign-in?next=")
	s.op.Break(optest.Faults{Nonce: "another"})
	w.open(s.redirectPath(appAddress, "company")).want(502, "was not right")
	s.op.Break(optest.Faults{ForeignKey: true})
	w.open(s.redirectPath(appAddress, "company")).want(502, "was not right")
	w.open(s.redirectPath(appAddress)).want(200, "Sign in") // nobody is
	s.op.Break(optest.Faults{})
	w.open(s.redirectPath(appAddress, "company")).want(200, "app.example.org")
	w.open(s.redirectPath(appAddress, "nobody")).want(404, "no sign-in of this name")

	down := startSSO(t, "", "", optest.Faults{Down: true})
	w = down.window().open(down.redirectPath(appAddress, "company")).want(502, "Example Company cannot be reached")
	w.open(down.redirectPath(appAddress)).want(200, "Password")
}

func TestSSOAnswersThatWereNotAskedFor(t *testing.T) {
	s := startSSO(t, "", "")
	back := func(w *window) string {
		begin, err := url.Parse(s.URL + "/account/sso/company?next=%2Faccount")
		if err != nil {
			t.Fatal(err)
		}
		stop := *w.http
		stop.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/callback") {
				return http.ErrUseLastResponse
			}
			return nil
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, begin.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := stop.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.Header.Get("Location")
	}
	mine, theirs := s.window(), s.window()
	own, others := back(mine), back(theirs)
	mine.open(others).want(400, "out of date")
	mine.open(own[:strings.Index(own, "state=")]+"state=AAAAAAAAAAAAAAAAAAAAAAAAAA").want(400, "out of date")
	s.window().open(own).want(400, "out of date")
	if mine.open(own); mine.at.Path != "/account" {
		t.Fatalf("the right answer led to %s: %s", mine.at, mine.text)
	}
	mine.open(own).want(400, "out of date")
	theirs.open(others)
}

func TestSSOTrustedAppIsNotAskedFor(t *testing.T) {
	s := startSSO(t, "", "  trusted_clients: [https://app.example.org/chat]\n")
	w := s.window()
	w.open(s.redirectPath(appAddress+"chat/?x=1", "company"))
	if got := s.login(w).OK().Str("user_id"); got != "@alice:bongsu.test" {
		t.Error(got)
	}
	w.open(s.redirectPath(appAddress+"chatter")).want(200, "Continue to app.example.org?")
	w.open(s.redirectPath(appAddress+"chat/../x")).want(200, "Continue to app.example.org?")
}

func TestSSOAddressesThatAreNoApps(t *testing.T) {
	s := startSSO(t, "", "")
	for _, address := range []string{"javascript:alert(1)", "/path", "//host/x", "data:text/html,x", "https:///x", "https://a@b/", "https://a\\b", "file:///x"} {
		s.Client().Get(V3("login", "sso", "redirect")+Query("redirectUrl", address)).WantError(400, "M_INVALID_PARAM")
		s.window().open(s.URL + "/account/sso-continue" + Query("redirectUrl", address)).want(400)
	}
	s.Client().Get(V3("login", "sso", "redirect")).WantError(400, "M_MISSING_PARAM")
	s.Client().Get(V3("login", "sso", "redirect")+Query("redirectUrl", appAddress, "action", "steal")).WantError(400, "M_INVALID_PARAM")
}

func TestSSOConfirmsWhatAnAppWantsToDo(t *testing.T) {
	s := startSSO(t, "", "")
	w := s.window()
	alice := s.loggedIn(w)
	other := s.loggedIn(w)
	path := V3("devices", other.Device)
	asked := alice.Delete(path, Obj{}).Want(401).WantJSON("flows", []any{Obj{"stages": []string{"m.login.sso"}}})
	session := asked.Str("session")
	auth := Obj{"auth": Obj{"session": session}}
	alice.Delete(path, Obj{"auth": Obj{"type": "m.login.sso", "session": session}}).WantError(401, "M_FORBIDDEN")
	fallback := s.URL + V3("auth", "m.login.sso", "fallback", "web") + Query("session", session)

	s.op.SignedIn(person("2", "mallory"))
	w.open(fallback).want(200, "@alice:bongsu.test", "delete device "+other.Device)
	w.submit("Continue with Example Company").want(403, "This is another account")
	alice.Delete(path, auth).Want(401).WantJSON("completed", []any{})

	s.op.SignedIn(person("1", "alice"))
	w.open(fallback).submit("Continue with Example Company").want(200, "onAuthDone")
	if asked := s.op.Asked(); asked.Get("prompt") != "login" || asked.Get("login_hint") != "alice@company.example" {
		t.Errorf("the provider was asked %v", asked)
	}
	w.open(fallback).want(200, "onAuthDone")
	alice.Delete(path, auth).OK()
	other.Get(V3("account", "whoami")).WantError(401, "M_UNKNOWN_TOKEN")
	w.open(fallback).want(404, "took too long")

	// A password chosen that way is one more way to confirm.
	choice := Obj{"new_password": "a password of alice's", "logout_devices": false}
	session = alice.Post(V3("account", "password"), choice).Want(401).Str("session")
	w.open(s.URL+V3("auth", "m.login.sso", "fallback", "web")+Query("session", session)).want(200, "change the password")
	w.submit("Continue with Example Company").want(200, "onAuthDone")
	alice.Post(V3("account", "password"), Obj{"auth": Obj{"session": session}}).OK()
	alice.Password = "a password of alice's"
	alice.Post(V1("login", "get_token"), Obj{}).Want(401).WantJSON("flows",
		[]any{Obj{"stages": []string{"m.login.password"}}, Obj{"stages": []string{"m.login.sso"}}})
	if alice.Login().ID != "@alice:bongsu.test" {
		t.Error("the password is not hers")
	}
	s.window().open(s.URL + V3("auth", "m.login.sso", "fallback", "web") + Query("session", "x")).want(404)
}
