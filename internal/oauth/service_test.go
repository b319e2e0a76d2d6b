package oauth

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"bongsu.org/bongsu/internal/account"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
	"bongsu.org/bongsu/internal/webauth"
)

// fixture is a Service on a fresh database, with a clock that the test moves.
type fixture struct {
	*Service
	now time.Time
}

func each(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, url string) {
		db, err := store.Open(context.Background(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 2})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(db.Close)
		f := &fixture{now: time.UnixMilli(1_700_000_000_000)}
		clock := func() time.Time { return f.now }
		accounts := account.New(account.Options{ServerName: "example.org", Store: db, Registration: account.RegistrationOpen, Now: clock})
		t.Cleanup(accounts.Close)
		web := webauth.New(webauth.Options{ServerName: "example.org", Store: db, Accounts: accounts})
		t.Cleanup(web.Close)
		f.Service, err = New(t.Context(), Options{ServerName: "example.org", Store: db, Accounts: accounts, Web: web, Now: clock})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		fn(t, f)
	})
}

func (f *fixture) write(t *testing.T, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := f.Store.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// newClient stores a client.
func (f *fixture) newClient(t *testing.T, id string) *client {
	t.Helper()
	f.write(t, func(tx *store.Tx) error {
		return tx.PutOAuthClient(t.Context(), store.OAuthClient{ID: id, Metadata: []byte(example), UsedTS: f.nowMS()})
	})
	c, err := f.client(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const verifier = "a verifier that nobody guesses, of forty-three"

// newAllowed stores a code as the page of consent does.
func (f *fixture) newAllowed(t *testing.T, clientID string) (code string) {
	t.Helper()
	code, hash := newCode()
	f.write(t, func(tx *store.Tx) error {
		return tx.InsertOAuthCode(t.Context(), store.OAuthCode{
			Hash: hash, ClientID: clientID, UserID: "@a:example.org", Scope: "openid", RedirectURI: "https://app.example.com/callback",
			Challenge: oidc.NewSHACodeChallenge(verifier), ExpiresTS: f.after(keepCodes),
		})
	})
	return code
}

func (f *fixture) take(t *testing.T, c *client, code string) error {
	t.Helper()
	return f.Store.Write(t.Context(), func(tx *store.Tx) error {
		_, err := f.takeCode(t.Context(), tx, c, &oidc.AccessTokenRequest{Code: code, RedirectURI: "https://app.example.com/callback", CodeVerifier: verifier})
		return err
	})
}

func TestCodeLastsAMinute(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.newClient(t, "c")
		late, intime := f.newAllowed(t, "c"), f.newAllowed(t, "c")
		f.now = f.now.Add(codeLifetime - time.Millisecond)
		if err := f.take(t, f.newClient(t, "other"), intime); !errors.Is(err, errBadCode) {
			t.Errorf("another client got %v", err)
		}
		if err := f.take(t, c, intime); err != nil {
			t.Error(err)
		}
		if err := f.take(t, c, intime); !errors.Is(err, errReplayed) {
			t.Errorf("the second time gave %v", err)
		}
		f.now = f.now.Add(time.Millisecond)
		if err := f.take(t, c, late); !errors.Is(err, errBadCode) {
			t.Errorf("a late client got %v", err)
		}
	})
}

func TestDeviceCodeExpires(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.newClient(t, "c")
		_, hash := newCode()
		d := store.OAuthDeviceCode{Hash: hash, ClientID: "c", Scope: "openid", State: store.DeviceCodeWaiting, PauseMS: 5000, ExpiresTS: f.after(deviceCodeLifetime)}
		if err := f.storeDeviceCode(t.Context(), &d); err != nil {
			t.Fatal(err)
		}
		want := func(want *oidc.Error) {
			t.Helper()
			if err := f.poll(t.Context(), hash, "c"); !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		want(oidc.ErrAuthorizationPending())
		f.now = f.now.Add(5*time.Second - time.Millisecond)
		want(oidc.ErrSlowDown())
		f.now = f.now.Add(5 * time.Second)
		want(oidc.ErrSlowDown()) // the pause has grown
		f.now = f.now.Add(15 * time.Second)
		want(oidc.ErrAuthorizationPending())
		f.now = f.now.Add(deviceCodeLifetime)
		want(oidc.ErrExpiredDeviceCode())
		if err := f.poll(t.Context(), hash, "other"); !errors.Is(err, errBadCode) {
			t.Errorf("another client got %v", err)
		}
	})
}

// What has expired is deleted, and a client unless somebody is logged in with it, or is about to be.
func TestCleaning(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, id := range []string{"unused", "session", "code", "fresh"} {
			f.newClient(t, id)
		}
		f.write(t, func(tx *store.Tx) error {
			return tx.PutOAuthSession(t.Context(), store.OAuthSession{UserID: "@a:example.org", DeviceID: "D", ClientID: "session", Scope: "openid"})
		})
		old := f.newAllowed(t, "code")
		if err := f.Accounts.AllowCrossSigningReset(t.Context(), "@a:example.org"); err != nil {
			t.Fatal(err)
		}
		f.now = f.now.Add(keepUnused + time.Millisecond)
		f.newClient(t, "fresh")
		young := f.newAllowed(t, "code")
		if err := f.clean(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id, kept := range map[string]bool{"unused": false, "session": true, "code": true, "fresh": true} {
			if _, err := f.client(t.Context(), id); (err == nil) != kept {
				t.Errorf("the client %s: %v", id, err)
			}
		}
		if allowed, err := f.Accounts.CrossSigningResetAllowed(t.Context(), "@a:example.org"); err != nil || allowed {
			t.Errorf("the keys may still be replaced: %v, %v", allowed, err)
		}
		c := f.newClient(t, "code")
		if err := f.take(t, c, old); !errors.Is(err, errBadCode) {
			t.Errorf("the old code gave %v", err)
		}
		if err := f.take(t, c, young); err != nil {
			t.Error(err)
		}
	})
}

// All nodes of a server, and each of its starts, sign with the same key.
func TestKeyStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		again, err := loadKey(t.Context(), f.Store)
		if err != nil || again.public.Keys[0].KeyID != f.keys.public.Keys[0].KeyID {
			t.Errorf("the key is another, %v", err)
		}
	})
}
