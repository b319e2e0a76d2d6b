package sso

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/sso/optest"
	"bongsu.org/bongsu/internal/sso/provider"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const redirect = "https://chat.example.org/account/sso/test/callback"

// fixture is a Service on a fresh database, and a provider.
type fixture struct {
	*Service
	op  *optest.OP
	db  *store.Store
	log *strings.Builder

	mu    sync.Mutex
	moved time.Duration
}

func (f *fixture) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return time.Now().Add(f.moved)
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moved += d
}

// newFixture makes one; more is text of the provider's file.
func newFixture(t *testing.T, dbURL, more string) *fixture {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{URL: dbURL, Dir: t.TempDir(), Lanes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	f := &fixture{op: optest.New(t), db: db, log: &strings.Builder{}}
	f.Service = f.node(t, more)
	f.op.SignedIn(map[string]any{"sub": "1234", "preferred_username": "alice", "name": "Alice", "email": "alice@example.org"})
	return f
}

// node is one more node on the same database.
func (f *fixture) node(t *testing.T, more string) *Service {
	t.Helper()
	p, err := provider.Parse([]byte("id: test\nname: Test\nissuer: " + f.op.Issuer + "\nclient_id: " + optest.ClientID +
		"\nclient_secret: " + optest.ClientSecret + "\n" + more))
	if err != nil {
		t.Fatal(err)
	}
	other := *p
	other.ID = "other"
	s, err := New(t.Context(), Options{
		Providers: []*provider.Provider{p, &other}, Store: f.db, Transport: &http.Transport{}, Log: slog.New(slog.NewTextHandler(f.log, nil)), Now: f.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// visit begins a sign-in and goes to the provider, as the browser does; it returns the attempt and what the provider answers.
func (f *fixture) visit(t *testing.T, a Asking) (Attempt, url.Values) {
	t.Helper()
	a.Redirect = redirect
	attempt, err := f.Begin(t.Context(), "test", a)
	if err != nil {
		t.Fatal(err)
	}
	return attempt, follow(t, attempt.URL)
}

func follow(t *testing.T, address string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	back, err := resp.Location()
	if err != nil || !strings.HasPrefix(back.String(), redirect) {
		t.Fatalf("the provider answered %d, and sends to %v", resp.StatusCode, back)
	}
	return back.Query()
}

func TestSignIn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, dbURL string) {
		f := newFixture(t, dbURL, "")
		attempt, answer := f.visit(t, Asking{Purpose: []byte("why"), Hint: "alice"})
		p, purpose, err := f.Finish(t.Context(), "test", attempt.Ticket, answer)
		if err != nil {
			t.Fatal(err)
		}
		want := Person{"test", f.op.Issuer, "1234", "alice", "Alice", "alice@example.org"}
		if p != want || string(purpose) != "why" {
			t.Errorf("%+v %q, want %+v", p, purpose, want)
		}
		if asked := f.op.Asked(); asked.Get("login_hint") != "alice" || asked.Get("scope") != "openid profile email" || asked.Has("prompt") {
			t.Errorf("asked %v", asked)
		}
		if f.log.Len() > 0 {
			t.Errorf("logged %s", f.log)
		}
	})
}

func TestAnswerOfAnotherNodeIsTaken(t *testing.T) {
	f := newFixture(t, "", "")
	attempt, answer := f.visit(t, Asking{})
	if _, _, err := f.node(t, "").Finish(t.Context(), "test", attempt.Ticket, answer); err != nil {
		t.Fatal(err)
	}
}

func TestTicketIsUsedOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, dbURL string) {
		f := newFixture(t, dbURL, "")
		attempt, answer := f.visit(t, Asking{})
		nodes := []*Service{f.Service, f.node(t, "")}
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wg.Go(func() { _, _, errs[i] = nodes[i%2].Finish(context.Background(), "test", attempt.Ticket, answer) })
		}
		wg.Wait()
		in := 0
		for _, err := range errs {
			switch {
			case err == nil:
				in++
			case !errors.Is(err, ErrTicket):
				t.Error(err)
			}
		}
		if in != 1 {
			t.Errorf("%d sign-ins came of one ticket", in)
		}
	})
}

func TestAnswersOfOthersAreRefused(t *testing.T) {
	f := newFixture(t, "", "")
	mine, answer := f.visit(t, Asking{})
	others, _ := f.visit(t, Asking{})
	finish := func(at, ticket string, answer url.Values) error {
		_, purpose, err := f.Finish(t.Context(), at, ticket, answer)
		if purpose != nil {
			t.Errorf("a purpose came back: %q", purpose)
		}
		return err
	}
	with := func(name, value string) url.Values {
		out := url.Values{}
		for n, v := range answer {
			out[n] = v
		}
		out.Set(name, value)
		return out
	}
	for what, err := range map[string]error{
		"no ticket":           finish("test", "", answer),
		"another's ticket":    finish("test", others.Ticket, answer),
		"an altered ticket":   finish("test", mine.Ticket[:40]+"AAAA"+mine.Ticket[44:], answer),
		"another state":       finish("test", mine.Ticket, with("state", others.State)),
		"no state":            finish("test", mine.Ticket, with("state", "")),
		"at another provider": finish("other", mine.Ticket, answer),
		"too long a ticket":   finish("test", strings.Repeat("A", 100_000), answer),
	} {
		if !errors.Is(err, ErrTicket) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := finish("nobody", mine.Ticket, answer); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	f.pass(attemptLifetime)
	if err := finish("test", mine.Ticket, answer); !errors.Is(err, ErrTicket) {
		t.Errorf("after its time: %v", err)
	}
}

func TestHeldTextServesOnePurpose(t *testing.T) {
	f := newFixture(t, "", "")
	text, err := f.Hold("a", 7, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var got int
	if err := f.Held("b", text, &got); !errors.Is(err, ErrTicket) {
		t.Error(err)
	}
	if err := f.Held("a", text, &got); err != nil || got != 7 {
		t.Error(got, err)
	}
	f.pass(time.Minute)
	if err := f.Held("a", text, &got); !errors.Is(err, ErrTicket) {
		t.Error(err)
	}
}

func TestWrongAnswersOfTheProvider(t *testing.T) {
	for what, c := range map[string]struct {
		faults optest.Faults
		more   string
		fresh  bool
		want   error
	}{
		"nonce":             {faults: optest.Faults{Nonce: "another"}, want: ErrAnswer},
		"audience":          {faults: optest.Faults{Audience: "another"}, want: ErrAnswer},
		"issuer":            {faults: optest.Faults{Issuer: "https://another.example"}, want: ErrAnswer},
		"iss beside code":   {faults: optest.Faults{NamesIssuer: "https://another.example"}, want: ErrAnswer},
		"signature":         {faults: optest.Faults{ForeignKey: true}, want: ErrAnswer},
		"expired":           {faults: optest.Faults{Expired: true}, want: ErrAnswer},
		"old password":      {faults: optest.Faults{AuthTime: time.Now().Add(-time.Hour)}, fresh: true, want: ErrAnswer},
		"userinfo":          {faults: optest.Faults{UserInfoSubject: "another"}, more: "userinfo: true", want: ErrAnswer},
		"denied":            {faults: optest.Faults{Denies: "access_denied"}, want: ErrDenied},
		"old, not asked":    {faults: optest.Faults{AuthTime: time.Now().Add(-time.Hour)}},
		"fresh":             {fresh: true},
		"claims by request": {faults: optest.Faults{HideClaims: true}, more: "userinfo: true"},
	} {
		t.Run(what, func(t *testing.T) {
			f := newFixture(t, "", c.more)
			f.op.Break(c.faults)
			attempt, answer := f.visit(t, Asking{Purpose: []byte("why"), Fresh: c.fresh})
			p, purpose, err := f.Finish(t.Context(), "test", attempt.Ticket, answer)
			if !errors.Is(err, c.want) || string(purpose) != "why" {
				t.Fatalf("%v, purpose %q", err, purpose)
			}
			if (err == nil) != (p.Subject == "1234" && p.Localpart == "alice") {
				t.Errorf("%+v, %v", p, err)
			}
			if asked := f.op.Asked(); c.fresh != (asked.Get("prompt") == "login" && asked.Get("max_age") == "0") {
				t.Errorf("asked %v", asked)
			}
			if text := f.log.String(); strings.Contains(text, answer.Get("code")) && answer.Get("code") != "" || strings.Contains(text, "1234") {
				t.Errorf("the log tells too much: %s", text)
			}
		})
	}
}

func TestDenialTellsTheProvidersWords(t *testing.T) {
	f := newFixture(t, "", "")
	f.op.Break(optest.Faults{Denies: "access_denied"})
	attempt, answer := f.visit(t, Asking{})
	_, _, err := f.Finish(t.Context(), "test", attempt.Ticket, answer)
	var denial *DenialError
	if !errors.As(err, &denial) || denial.Code != "access_denied" || denial.Text != "The provider says why." {
		t.Errorf("%v", err)
	}
}

func TestCodeIsRefusedByTheProvider(t *testing.T) {
	f := newFixture(t, "", "")
	first, answer := f.visit(t, Asking{})
	if _, _, err := f.Finish(t.Context(), "test", first.Ticket, answer); err != nil {
		t.Fatal(err)
	}
	// The code again, with a ticket of one's own: it belongs to another challenge, and is spent besides.
	second, own := f.visit(t, Asking{})
	own.Set("code", answer.Get("code"))
	if _, _, err := f.Finish(t.Context(), "test", second.Ticket, own); !errors.Is(err, ErrAnswer) {
		t.Error(err)
	}
	third, _ := f.visit(t, Asking{})
	_, theirs := f.visit(t, Asking{})
	theirs.Set("state", third.State)
	if _, _, err := f.Finish(t.Context(), "test", third.Ticket, theirs); !errors.Is(err, ErrAnswer) {
		t.Errorf("a code of another attempt: %v", err)
	}
}

func TestProviderThatIsDownIsFoundLater(t *testing.T) {
	f := newFixture(t, "", "")
	f.op.Break(optest.Faults{Down: true})
	if _, err := f.Begin(t.Context(), "test", Asking{Redirect: redirect}); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	if !strings.Contains(f.log.String(), f.op.Issuer) {
		t.Errorf("the operator is not told: %s", f.log)
	}
	f.op.Break(optest.Faults{})
	if _, err := f.Begin(t.Context(), "test", Asking{Redirect: redirect}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("asked again at once: %v", err)
	}
	f.pass(askAgainAfter)
	attempt, answer := f.visit(t, Asking{})
	if _, _, err := f.Finish(t.Context(), "test", attempt.Ticket, answer); err != nil {
		t.Fatal(err)
	}
	// What is known of a provider outlasts a failure, also when it is time to look again.
	f.op.Break(optest.Faults{Down: true})
	f.pass(goodFor)
	attempt, err := f.Begin(t.Context(), "test", Asking{Redirect: redirect})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = f.Finish(t.Context(), "test", attempt.Ticket, url.Values{"state": {attempt.State}, "code": {"x"}})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("exchanging a code: %v", err)
	}
}

func TestNoProviders(t *testing.T) {
	s, err := New(t.Context(), Options{})
	if err != nil || s != nil {
		t.Fatal(s, err)
	}
	if s.Providers() != nil || s.Provider("x") != nil || s.ByIssuer("x") != nil {
		t.Error("providers of nothing")
	}
	if _, err := s.Begin(t.Context(), "x", Asking{}); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, _, err := s.Finish(t.Context(), "x", "", nil); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestParametersAreAdded(t *testing.T) {
	f := newFixture(t, "", "parameters: {hd: example.org, domain_hint: x}\nscopes: [openid]")
	f.visit(t, Asking{Create: true})
	if asked := f.op.Asked(); asked.Get("hd") != "example.org" || asked.Get("domain_hint") != "x" || asked.Get("scope") != "openid" ||
		asked.Get("prompt") != "create" {
		t.Errorf("asked %v", asked)
	}
}
