package webaccount

import (
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/sso"
	"bongsu.org/bongsu/internal/sso/optest"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
	"bongsu.org/bongsu/internal/webauth"
	"bongsu.org/bongsu/internal/websso"
)

// site is a server with the pages of accounts and a provider of single sign-on, seen by one browser. Its clock is moved by the test.
type site struct {
	t        *testing.T
	url      string
	accounts *account.Service
	op       *optest.OP
	browser  *http.Client

	status int
	at     string // path and query of the page
	page   string

	mu    sync.Mutex
	moved time.Duration
}

func (s *site) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.moved)
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved += d
}

func newSite(t *testing.T, dbURL string) *site {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: dbURL, Dir: t.TempDir(), Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	s := &site{t: t, op: optest.New(t)}
	s.op.Clock = s.now
	s.op.SignedIn(map[string]any{"sub": "1", "preferred_username": "alice", "email": "alice@company.example"})
	log := slog.New(slog.DiscardHandler)
	s.accounts = account.New(account.Options{
		ServerName: "example.org", Store: db, Registration: account.RegistrationOpen, Now: s.now, Log: log,
	})
	t.Cleanup(s.accounts.Close)
	p, err := provider.Parse([]byte("id: company\nname: Company\nissuer: " + s.op.Issuer + "\nclient_id: " + optest.ClientID +
		"\nclient_secret: " + optest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	providers, err := sso.New(t.Context(), sso.Options{
		Providers: []*provider.Provider{p}, Store: db, Transport: &http.Transport{}, Log: log, Now: s.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(providers.Close)
	web := webauth.New(webauth.Options{ServerName: "example.org", Store: db, Accounts: s.accounts, Log: log, Now: s.now})
	t.Cleanup(web.Close)
	websso.New(websso.Options{Web: web, SSO: providers, Accounts: s.accounts, Log: log})
	New(Options{Web: web, Accounts: s.accounts, SSO: providers})
	server := httptest.NewServer(web)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.url, s.browser = server.URL, &http.Client{Jar: jar}
	return s
}

// open opens a path, or an address elsewhere.
func (s *site) open(path string) {
	s.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = s.url + path
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(req)
}

var token = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// submit sends a form to a path with the secret of the page that is shown.
func (s *site) submit(path string, fields ...string) {
	s.t.Helper()
	form := url.Values{}
	if found := token.FindStringSubmatch(s.page); found != nil {
		form.Set("csrf", found[1])
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.send(req)
}

func (s *site) send(req *http.Request) {
	s.t.Helper()
	resp, err := s.browser.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	s.status, s.at, s.page = resp.StatusCode, resp.Request.URL.RequestURI(), string(text)
}

func (s *site) want(status int, at string, words ...string) {
	s.t.Helper()
	if s.status != status || !strings.HasPrefix(s.at, at) {
		s.t.Fatalf("%d at %s, want %d at %s: %s", s.status, s.at, status, at, s.page)
	}
	for _, w := range words {
		if !strings.Contains(s.page, w) {
			s.t.Fatalf("%s does not say %q: %s", s.at, w, s.page)
		}
	}
}

// login registers a user, whose password is "right password", and signs the browser in.
func (s *site) login(name string) (userID string) {
	s.t.Helper()
	userID, err := s.accounts.CreateUser(s.t.Context(), name, "right password", false)
	if err != nil {
		s.t.Fatal(err)
	}
	s.open("/account/sign-in")
	s.submit("/account/sign-in", "user", name, "password", "right password")
	s.want(200, "/account", userID)
	return userID
}

func (s *site) device(name string) account.Login {
	s.t.Helper()
	l, err := s.accounts.LoginByPassword(s.t.Context(), account.Identifier{Type: "m.id.user", User: name}, "right password",
		account.NewDevice{DisplayName: "A <b>phone</b>"})
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

func each(t *testing.T, fn func(t *testing.T, s *site)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, dbURL string) { fn(t, newSite(t, dbURL)) })
}

func TestNobodySeesAnAccountWithoutSigningIn(t *testing.T) {
	s := newSite(t, "")
	for _, path := range []string{"", "/devices", "/device?device_id=X", "/device-log-out?device_id=X", "/password", "/deactivate"} {
		s.open("/account" + path)
		s.want(200, "/account/sign-in")
	}
	for _, path := range []string{"/profile", "/device-name", "/device-log-out", "/password", "/deactivate"} {
		s.submit("/account"+path, "sure", "on")
		s.want(200, "/account/sign-in")
	}
}

func TestFormsWithoutTheirSecretAreRefused(t *testing.T) {
	s := newSite(t, "")
	s.login("alice")
	s.page = ""
	for _, path := range []string{"/profile", "/device-name", "/device-log-out", "/password", "/deactivate"} {
		s.submit("/account"+path, "current", "right password", "sure", "on")
		s.want(403, "/account"+path, "out of date")
		s.page = ""
	}
}

func TestDevicesOfOthersAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.login("bob")
		theirs := s.device("bob")
		s.login("alice")
		mine := s.device("alice")
		s.open("/account/devices")
		s.want(200, "/account/devices", mine.DeviceID, "A &lt;b&gt;phone&lt;/b&gt;")
		s.open("/account?action=org.matrix.device_view&device_id=" + theirs.DeviceID)
		s.want(404, "/account/device", "No such device")
		s.open("/account")
		s.submit("/account/device-name", "device_id", theirs.DeviceID, "name", "x")
		s.want(404, "/account/device-name")
		s.open("/account")
		s.submit("/account/device-log-out", "device_id", theirs.DeviceID)
		if _, err := s.accounts.Authenticate(t.Context(), theirs.AccessToken, account.Seen{}); err != nil {
			t.Errorf("another's device was logged out: %v", err)
		}
		s.open("/account/device-log-out?device_id=" + mine.DeviceID)
		s.submit("/account/device-log-out", "device_id", mine.DeviceID)
		s.want(200, "/account/devices?done=log-out", "The device is logged out.")
		if _, err := s.accounts.Authenticate(t.Context(), mine.AccessToken, account.Seen{}); err == nil {
			t.Error("the device is still logged in")
		}
	})
}

func TestClosingAnAccountNeedsThePassword(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		id := s.login("alice")
		s.open("/account/deactivate")
		s.submit("/account/deactivate", "sure", "on")
		s.want(400, "/account/deactivate", "The password is wrong.")
		s.submit("/account/deactivate", "current", "right password")
		s.want(400, "/account/deactivate", "Tick the box")
		s.submit("/account/deactivate", "current", "right password", "sure", "on", "erase", "on")
		s.want(200, "/account/deactivate", "is closed")
		u, err := s.accounts.User(t.Context(), id)
		if err != nil || !u.Deactivated || !u.Erased {
			t.Errorf("%+v, %v", u, err)
		}
		s.open("/account")
		s.want(200, "/account/sign-in")
	})
}

func TestPasswordChangeKeepsThisBrowserAndEndsOthers(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.login("alice")
		phone := s.device("alice")
		other := *s.browser
		s.browser.Jar, _ = cookiejar.New(nil)
		s.open("/account/sign-in")
		s.submit("/account/sign-in", "user", "alice", "password", "right password")
		s.open("/account/password")
		s.submit("/account/password", "current", "right password", "fresh", "short", "repeated", "short")
		s.want(400, "/account/password", "at least 8 characters")
		s.submit("/account/password", "current", "right password", "fresh", "better password", "repeated", "better password", "everywhere", "on")
		s.want(200, "/account?done=password", "Your password is changed.")
		if _, err := s.accounts.Authenticate(t.Context(), phone.AccessToken, account.Seen{}); err == nil {
			t.Error("the phone is still logged in")
		}
		s.browser = &other
		s.open("/account")
		s.want(200, "/account/sign-in")
	})
}

func TestWhoHasNoPasswordSignsInAgainToCloseTheAccount(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.open("/account/sso/company?next=/account")
		s.want(200, "/account", "@alice:example.org", "You sign in with Company", "Choose a password")
		s.open("/account/deactivate")
		s.want(200, "/account/deactivate", "I am sure.")
		s.pass(recent + time.Second)
		s.submit("/account/deactivate", "sure", "on")
		s.want(400, "/account/deactivate", "too long ago")
		s.submit("/account/password", "fresh", "better password", "repeated", "better password")
		s.want(400, "/account/password", "too long ago")

		s.open("/account/deactivate")
		s.want(200, "/account/sign-in", "again=true")
		if strings.Contains(s.page, `type="password"`) {
			t.Error("a password is asked for that there is not")
		}
		s.op.SignedIn(map[string]any{"sub": "2", "preferred_username": "mallory"})
		s.open("/account/sso/company?again=true&next=/account/deactivate")
		s.want(403, "/account/sso/company/callback", "This is another account")
		s.op.SignedIn(map[string]any{"sub": "1", "preferred_username": "renamed"})
		s.op.Break(optest.Faults{AuthTime: s.now().Add(-time.Hour)})
		s.open("/account/sso/company?again=true&next=/account/deactivate")
		s.want(502, "/account/sso/company/callback")
		s.op.Break(optest.Faults{})
		s.open("/account/sso/company?again=true&next=/account/deactivate")
		s.want(200, "/account/deactivate", "I am sure.")
		if asked := s.op.Asked(); asked.Get("prompt") != "login" || asked.Get("login_hint") != "alice@company.example" {
			t.Errorf("the provider was asked %v", asked)
		}
		s.submit("/account/deactivate", "sure", "on")
		s.want(200, "/account/deactivate", "is closed")
		s.open("/account/sso/company")
		s.want(403, "/account/sso/company/callback", "deactivated")
	})
}

func TestUserConnectsAProvider(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		bob := s.login("bob")
		s.want(200, "/account", "Also sign in with Company")
		s.submit("/account/sso-connect", "provider", "company")
		s.want(200, "/account/sso-connect", "On to Company")
		s.open(html.UnescapeString(between(s.page, `class="button" href="`, `"`))) // the provider leads back
		s.want(200, "/account", bob, "You sign in with Company as", "alice@company.example", "any more")

		s.browser.Jar, _ = cookiejar.New(nil)
		s.open("/account/sso/company")
		s.want(200, "/account", bob)

		s.login("carol")
		s.submit("/account/sso-connect", "provider", "company")
		s.open(html.UnescapeString(between(s.page, `class="button" href="`, `"`)))
		s.want(403, "/account/sso/company/callback", "belongs to somebody else")

		s.open("/account/sso/company")
		s.submit("/account/sso-disconnect", "provider", "company")
		s.want(200, "/account", bob, "Also sign in with Company")
		s.browser.Jar, _ = cookiejar.New(nil)
		s.open("/account/sso/company")
		s.want(200, "/account", "@alice:example.org") // a newcomer now
		s.submit("/account/sso-disconnect", "provider", "company")
		s.want(403, "/account/sso-disconnect", "choose a password first")
		s.open("/account")
		s.pass(recent + time.Second)
		s.submit("/account/sso-disconnect", "provider", "company")
		s.want(200, "/account/sign-in")
	})
}

// between is the text between two others.
func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, after)
	return text
}

func TestSuspendedUsersKeepTheirProfile(t *testing.T) {
	s := newSite(t, "")
	id := s.login("alice")
	if err := s.accounts.SetSuspended(t.Context(), id, true); err != nil {
		t.Fatal(err)
	}
	s.open("/account")
	s.submit("/account/profile", "displayname", "New")
	s.want(400, "/account/profile", "suspended")
	if profile, err := s.accounts.Profile(t.Context(), id); err != nil || len(profile) > 0 {
		t.Error(profile, err)
	}
}

func TestTooManyWrongPasswords(t *testing.T) {
	s := newSite(t, "")
	s.login("alice")
	s.accounts.FailedLogin = func(string) (bool, time.Duration) { return false, time.Minute }
	s.open("/account/deactivate")
	s.submit("/account/deactivate", "current", "wrong", "sure", "on")
	s.submit("/account/deactivate", "current", "right password", "sure", "on")
	s.want(400, "/account/deactivate", "many attempts")
	if _, err := s.accounts.VerifyPassword(t.Context(), account.Identifier{Type: "m.id.user", User: "alice"}, "right password"); !mxerr.HasCode(err, mxerr.LimitExceeded) {
		t.Error(err)
	}
}
