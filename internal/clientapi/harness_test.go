package clientapi

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
)

// testServer is the API over a fresh database; url is as testdb.Each gives it.
type testServer struct {
	t     *testing.T
	api   *API
	users map[string]*testUser
}

func newTestServer(t *testing.T, url string) *testServer {
	t.Helper()
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := store.Open(t.Context(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 4, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	accounts := account.New(account.Options{ServerName: "example.org", Store: db, Log: log})
	t.Cleanup(accounts.Close)
	api := New(Deps{ServerName: "example.org", Store: db, Accounts: accounts, Log: log})
	return &testServer{t: t, api: api, users: map[string]*testUser{}}
}

// positions tells all lanes' positions, to be compared.
func (s *testServer) positions() string {
	s.t.Helper()
	pos, err := s.api.Store.Positions(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return fmt.Sprint(pos)
}

// testUser calls the API with a token of its own.
type testUser struct {
	s     *testServer
	token string
}

// user is a user who is logged in; the first call makes the account.
func (s *testServer) user(name string) *testUser {
	s.t.Helper()
	if u, ok := s.users[name]; ok {
		return u
	}
	id, token, ctx := "@"+name+":example.org", rand.Text(), s.t.Context()
	hash := sha256.Sum256([]byte(token))
	err := s.api.Store.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertUser(ctx, store.User{ID: id}),
			tx.PutDevice(ctx, store.Device{UserID: id, ID: "DEVICE"}),
			tx.InsertAccessToken(ctx, store.AccessToken{Hash: hash[:], UserID: id, DeviceID: "DEVICE"}),
		)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.users[name] = &testUser{s: s, token: token}
	return s.users[name]
}

func (u *testUser) get(path string) *answer        { return u.call("GET", path, "") }
func (u *testUser) put(path, body string) *answer  { return u.call("PUT", path, body) }
func (u *testUser) post(path, body string) *answer { return u.call("POST", path, body) }
func (u *testUser) delete(path string) *answer     { return u.call("DELETE", path, "") }

func (u *testUser) call(method, path, body string) *answer {
	u.s.t.Helper()
	r := httptest.NewRequestWithContext(u.s.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+u.token)
	w := httptest.NewRecorder()
	u.s.api.ServeHTTP(w, r)
	out, err := io.ReadAll(w.Body)
	if err != nil {
		u.s.t.Fatal(err)
	}
	return &answer{t: u.s.t, call: method + " " + path, status: w.Code, body: string(out)}
}

// answer is a response.
type answer struct {
	t      *testing.T
	call   string
	status int
	body   string
}

// want checks for 200 with this JSON, whatever the order of members.
func (a *answer) want(body string) {
	a.t.Helper()
	if a.status != 200 || canonical(a.body) != canonical(body) {
		a.t.Errorf("%s: got %d %s, want %s", a.call, a.status, a.body, body)
	}
}

func (a *answer) wantError(status int, code string) {
	a.t.Helper()
	a.wantErrorIn(a.t, status, code)
}

func (a *answer) wantErrorIn(t *testing.T, status int, code string) {
	t.Helper()
	if a.status != status || gjson.Get(a.body, "errcode").Str != code {
		t.Errorf("%s: got %d %s, want %d %s", a.call, a.status, a.body, status, code)
	}
}

// field is a string of a successful response.
func (a *answer) field(path string) string {
	a.t.Helper()
	if a.status != 200 {
		a.t.Fatalf("%s: got %d %s", a.call, a.status, a.body)
	}
	return gjson.Get(a.body, path).String()
}

func canonical(s string) string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	out, err := json.Marshal(v)
	if err != nil {
		return s
	}
	return string(out)
}
