package webauth

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const password = "correct horse battery"

// site is a Service with one user, alice, and the page /flow that tells who is signed in.
type site struct {
	*Service
	t   *testing.T
	url string
	now time.Time
}

func newSite(t *testing.T, database string, registration account.Registration) *site {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: database, Dir: t.TempDir(), Lanes: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	accounts := account.New(account.Options{ServerName: "example.org", Store: db, Registration: registration})
	t.Cleanup(accounts.Close)
	if _, err := accounts.CreateUser(t.Context(), "alice", password, false); err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, now: time.UnixMilli(1_700_000_000_000)}
	s.Service = New(Options{ServerName: "example.org", Store: db, Accounts: accounts, Now: func() time.Time { return s.now }})
	t.Cleanup(s.Close)
	s.Handle("GET /flow", func(q *Request) error { _, err := io.WriteString(q.W, "hello "+q.UserID); return err }, SignedIn())
	s.Handle("GET /recent", func(q *Request) error { _, err := io.WriteString(q.W, "recent"); return err }, Recently(5*time.Minute))
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// browser keeps cookies and follows redirects.
type browser struct {
	t      *testing.T
	client *http.Client
	base   string
	// page is the last page's text, and at its path with the query.
	page, at string
}

func (s *site) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &browser{t: s.t, client: &http.Client{Jar: jar}, base: s.url}
}

func (b *browser) do(r *http.Request, err error) int {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page, b.at = string(text), resp.Request.URL.RequestURI()
	return resp.StatusCode
}

func (b *browser) get(path string) int {
	b.t.Helper()
	return b.do(http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, nil))
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// submit sends the form of the last page, filled in.
func (b *browser) submit(fields ...string) int {
	b.t.Helper()
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(b.page, -1) {
		form.Set(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post(b.at, form)
}

func (b *browser) post(path string, form url.Values) int {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return b.do(r, err)
}

func TestSignInAndOut(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database string) {
		s := newSite(t, database, account.RegistrationClosed)
		b := s.browser()
		b.get("/flow?a=1&b=2")
		if !strings.HasPrefix(b.at, PathSignIn) || strings.Contains(b.page, PathRegister) {
			t.Fatalf("who is not signed in got to %s\n%s", b.at, b.page)
		}
		if status := b.submit("user", "alice", "password", "wrong"); status != http.StatusForbidden || !strings.Contains(b.page, "wrong") {
			t.Fatalf("a wrong password got %d\n%s", status, b.page)
		}
		if b.submit("user", "@alice:example.org", "password", password); b.page != "hello @alice:example.org" || b.at != "/flow?a=1&b=2" {
			t.Fatalf("signing in led to %s: %s", b.at, b.page)
		}
		if b.get("/flow"); b.page != "hello @alice:example.org" {
			t.Fatalf("the second page said %q", b.page)
		}
		b.get(PathSignOut)
		if b.submit(); !strings.Contains(b.page, "You are signed out") {
			t.Fatalf("signing out showed\n%s", b.page)
		}
		if b.get("/flow"); !strings.HasPrefix(b.at, PathSignIn) {
			t.Fatalf("after signing out: %s", b.at)
		}
	})
}

func TestSessionEnds(t *testing.T) {
	ends := map[string]func(s *site) error{
		"in time": func(s *site) error { s.now = s.now.Add(sessionLifetime); return nil },
		"by a new password": func(s *site) error {
			return s.Accounts.SetPassword(s.t.Context(), "@alice:example.org", "another password")
		},
		"when locked":        func(s *site) error { return s.Accounts.SetLocked(s.t.Context(), "@alice:example.org", true) },
		"with the account":   func(s *site) error { return s.Accounts.Deactivate(s.t.Context(), "@alice:example.org", false) },
		"by logging out all": func(s *site) error { return s.Accounts.DeleteAllDevices(s.t.Context(), "@alice:example.org", "") },
		"when it is cleaned up": func(s *site) error {
			return s.Store.Write(s.t.Context(), func(tx *store.Tx) error {
				return tx.CleanBrowserSessions(s.t.Context(), s.now.Add(sessionLifetime).UnixMilli())
			})
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "", account.RegistrationClosed)
			b := s.browser()
			b.get("/flow")
			if b.submit("user", "alice", "password", password); b.at != "/flow" {
				t.Fatalf("signing in led to %s", b.at)
			}
			if err := end(s); err != nil {
				t.Fatal(err)
			}
			if b.get("/flow"); !strings.HasPrefix(b.at, PathSignIn) {
				t.Fatalf("the session went on at %s: %s", b.at, b.page)
			}
		})
	}
}

func TestPasswordIsAskedForAgain(t *testing.T) {
	s := newSite(t, "", account.RegistrationClosed)
	b := s.browser()
	b.get("/recent")
	if b.submit("user", "alice", "password", password); b.page != "recent" {
		t.Fatalf("signing in showed %s", b.page)
	}
	s.now = s.now.Add(6 * time.Minute)
	if b.get("/recent"); !strings.Contains(b.page, "once more") {
		t.Fatalf("after six minutes: %s", b.page)
	}
	if b.submit("user", "somebody", "password", password); b.page != "recent" {
		t.Fatalf("confirming showed %s", b.page)
	}
}

func TestFormsOfOthersAreRefused(t *testing.T) {
	s := newSite(t, "", account.RegistrationClosed)
	victim, attacker := s.browser(), s.browser()
	attacker.get(PathSignIn)
	token := hidden.FindStringSubmatch(attacker.page)[2]
	form := url.Values{"user": {"alice"}, "password": {password}}
	for name, csrf := range map[string]string{"none": "", "another browser's": token} {
		form.Set("csrf", csrf)
		if status := victim.post(PathSignIn, form); status != http.StatusForbidden || !strings.Contains(victim.page, "out of date") {
			t.Errorf("a form with %s secret got %d\n%s", name, status, victim.page)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+PathSignIn, strings.NewReader(url.Values{
		"user": {"alice"}, "password": {password}, "csrf": {token},
	}.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	if status := attacker.do(r, err); status != http.StatusForbidden {
		t.Errorf("a form from another site got %d", status)
	}
}

func TestRegistration(t *testing.T) {
	s := newSite(t, "", account.RegistrationToken)
	token, err := s.Accounts.EnsureFirstToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := s.browser()
	b.get(RegisterURL("/flow", "bob"))
	if !strings.Contains(b.page, `value="bob"`) {
		t.Errorf("the hint is not filled in:\n%s", b.page)
	}
	fails := []struct{ user, password, repeated, token, says string }{
		{"bob", password, password, "wrong", "not valid"},
		{"bob", password, "different", token, "not the same"},
		{"alice", password, password, token, "taken"},
		{"bob!", password, password, token, "made of the characters"},
		{"bob", "short", "short", token, "at least 8"},
	}
	for _, f := range fails {
		status := b.submit("user", f.user, "password", f.password, "repeated", f.repeated, "token", f.token)
		if status != http.StatusBadRequest || !strings.Contains(b.page, f.says) {
			t.Errorf("%+v got %d\n%s", f, status, b.page)
		}
	}
	if b.submit("user", "bob", "password", password, "repeated", password, "token", token); b.page != "hello @bob:example.org" {
		t.Fatalf("registering showed %s", b.page)
	}
	closed := newSite(t, "", account.RegistrationClosed)
	if b := closed.browser(); b.get(PathRegister) != http.StatusForbidden {
		t.Errorf("a closed server showed\n%s", b.page)
	}
}

func TestPageHeaders(t *testing.T) {
	s := newSite(t, "", account.RegistrationClosed)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, PathSignIn, nil)
	r.Header.Set("X-Forwarded-Proto", "https")
	s.ServeHTTP(w, r)
	policy := w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self';"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %q", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
		t.Errorf("the policy %q is not strict", policy)
	}
	for _, c := range w.Result().Cookies() {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || !strings.HasPrefix(c.Name, hostPrefix) {
			t.Errorf("a cookie is set as %s", c.Raw)
		}
	}
	if body := w.Body.String(); strings.Contains(body, "<script") || strings.Contains(body, "style=") || strings.Contains(body, "//") {
		t.Errorf("the page has code, styles or addresses in it:\n%s", body)
	}
}

func TestLocalPath(t *testing.T) {
	for _, good := range []string{"/", "/account/devices", "/oauth2/consent?a=b&c=https%3A%2F%2Fx", "/a%20b"} {
		if got := LocalPath(good); got != good {
			t.Errorf("%q became %q", good, got)
		}
	}
	for _, bad := range []string{
		"", "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "javascript:alert(1)", " /x", "/a\nb",
		"/" + strings.Repeat("a", maxNext),
	} {
		if got := LocalPath(bad); got != PathHome {
			t.Errorf("%q became %q", bad, got)
		}
	}
}

// What a browser makes of a path that LocalPath let through is always an address of the same server.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/a?b#c", "//x", "/%2F/x", "/..//x", "/;@x"} {
		f.Add(seed)
	}
	base, err := url.Parse("https://good.example/account/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ref, err := url.Parse(LocalPath(text))
		if err != nil {
			t.Fatalf("%q became no address: %v", text, err)
		}
		if u := base.ResolveReference(ref); u.Host != "good.example" || u.Scheme != "https" {
			t.Fatalf("%q leads to %s", text, u)
		}
	})
}
