package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/oauth2"

	"bongsu.org/bongsu/internal/testdb"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// form posts a form to one of the server's addresses.
func (a *app) form(address string, fields ...string) *Response {
	a.s.T.Helper()
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return a.s.Client().Do(http.MethodPost, a.path(address), v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (a *app) token(fields ...string) *Response {
	a.s.T.Helper()
	return a.form(a.Endpoint.TokenURL, append(fields, "client_id", a.ClientID)...)
}

func (a *app) refresh(token string) *Response {
	a.s.T.Helper()
	return a.token("grant_type", "refresh_token", "refresh_token", token)
}

// wantOAuthError fails the test unless the answer is an error of OAuth.
func wantOAuthError(r *Response, status int, code string) {
	r.t.Helper()
	r.Want(status)
	if r.Str("error") != code {
		r.t.Fatalf("%s answered %s, want %s", r.line, r.shown(), code)
	}
}

// loggedIn is a new user, and an app that is logged in as a device of theirs.
func loggedIn(s *Suite) (*User, *app, *oauth2.Token) {
	s.T.Helper()
	u := s.User("owner")
	a := newApp(s, apiScope, deviceScope+s.Name("DEVICE"))
	return u, a, a.login(newVisitor(s), u)
}

func (a *app) device() string { return strings.TrimPrefix(a.Scopes[len(a.Scopes)-1], deviceScope) }

func TestOAuthRefresh(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, a, token := loggedIn(s)
		lost := a.refresh(token.RefreshToken).OK()
		second := a.refresh(token.RefreshToken).OK() // the first answer was lost
		if lost.Str("refresh_token") == token.RefreshToken || second.Str("scope") != strings.Join(a.Scopes, " ") || second.Str("token_type") != "Bearer" {
			t.Errorf("the answer is %s", second.shown())
		}
		next := s.Client()
		next.Token = second.Str("access_token")
		next.Get(V3("account", "whoami")).OK().WantJSON("user_id", u.ID, "device_id", a.device())
		a.as(token).Get(V3("account", "whoami")).WantError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
		wantOAuthError(a.refresh(token.RefreshToken), http.StatusBadRequest, "invalid_grant")
		other := newApp(s)
		r := s.Client().Post(a.path(a.metadata.Registration), Obj{
			"client_uri": "https://other.example/", "redirect_uris": []string{"https://other.example/"}, "grant_types": []string{"authorization_code", "refresh_token"},
		}).Want(http.StatusCreated)
		other.ClientID = r.Str("client_id")
		wantOAuthError(other.refresh(second.Str("refresh_token")), http.StatusBadRequest, "invalid_grant")
		wantOAuthError(a.refresh(u.Token), http.StatusBadRequest, "invalid_grant")
		wantOAuthError(a.token("grant_type", "refresh_token", "refresh_token", second.Str("refresh_token"), "scope", "openid"), http.StatusBadRequest, "invalid_scope")
		a.refresh(second.Str("refresh_token")).OK()
	})
}

func TestOAuthRevocation(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		for name, pick := range map[string]func(*oauth2.Token) []string{
			"by the access token": func(t *oauth2.Token) []string {
				return []string{"token", t.AccessToken, "token_type_hint", "access_token"}
			},
			"by the refresh token": func(t *oauth2.Token) []string {
				return []string{"token", t.RefreshToken, "token_type_hint", "refresh_token"}
			},
			"without a hint or client": func(t *oauth2.Token) []string { return []string{"token", t.AccessToken} },
			"with the wrong hint": func(t *oauth2.Token) []string {
				return []string{"token", t.RefreshToken, "token_type_hint", "access_token"}
			},
			"by somebody who found it": func(t *oauth2.Token) []string { return []string{"token", t.RefreshToken, "client_id", "another"} },
		} {
			t.Run(name, func(t *testing.T) {
				u, a, token := loggedIn(On(t, s.Server))
				a.form(a.metadata.Revocation, pick(token)...).OK()
				a.as(token).Get(V3("account", "whoami")).WantError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
				wantOAuthError(a.refresh(token.RefreshToken), http.StatusBadRequest, "invalid_grant")
				u.Get(V3("devices", a.device())).WantError(http.StatusNotFound, "M_NOT_FOUND")
				a.form(a.metadata.Revocation, pick(token)...).OK()
			})
		}
		a := newApp(s)
		wantOAuthError(a.form(a.metadata.Revocation), http.StatusBadRequest, "invalid_request")
		wantOAuthError(a.form(a.metadata.Revocation, "token", "x", "token_type_hint", "y"), http.StatusBadRequest, "unsupported_token_type")
	})
}

func TestOAuthSessionEndsWithItsDevice(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		for name, end := range map[string]func(u *User, a *app, token *oauth2.Token){
			"by its own logout": func(_ *User, a *app, token *oauth2.Token) { a.as(token).Post(V3("logout"), Obj{}).OK() },
			"by another device": func(u *User, a *app, _ *oauth2.Token) {
				u.Delete(V3("devices", a.device()), Obj{"auth": passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})}).OK()
			},
			"by logging out all": func(u *User, _ *app, _ *oauth2.Token) { u.Post(V3("logout", "all"), Obj{}).OK() },
			"by a login of the same device": func(u *User, a *app, _ *oauth2.Token) {
				body := passwordLogin(u, Obj{"type": "m.id.user", "user": u.ID})
				body["device_id"] = a.device()
				u.Post(V3("login"), body).OK()
			},
		} {
			t.Run(name, func(t *testing.T) {
				u, a, token := loggedIn(On(t, s.Server))
				end(u, a, token)
				a.as(token).Get(V3("account", "whoami")).WantError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
				wantOAuthError(a.refresh(token.RefreshToken), http.StatusBadRequest, "invalid_grant")
			})
		}
	})
}

// code gets a code, and the verifier that goes with it.
func (a *app) code(u *User) (code, verifier string) {
	a.s.T.Helper()
	verifier = oauth2.GenerateVerifier()
	return a.allow(newVisitor(a.s), u, a.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier))).Get("code"), verifier
}

func TestOAuthCodeIsOfItsClientAlone(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("coded")
		a := newApp(s, apiScope, deviceScope+s.Name("DEVICE"))
		code, verifier := a.code(u)
		exchange := func(changes ...string) *Response {
			fields := []string{"grant_type", "authorization_code", "code", code, "redirect_uri", a.RedirectURL, "code_verifier", verifier}
			return a.token(append(fields, changes...)...)
		}
		wantOAuthError(exchange("code_verifier", oauth2.GenerateVerifier()), http.StatusBadRequest, "invalid_grant")
		wantOAuthError(exchange("code_verifier", ""), http.StatusBadRequest, "invalid_grant")
		wantOAuthError(exchange("redirect_uri", callback), http.StatusBadRequest, "invalid_grant")
		wantOAuthError(exchange("code", code+"x"), http.StatusBadRequest, "invalid_grant")
		wantOAuthError(a.form(a.Endpoint.TokenURL, "grant_type", "authorization_code", "code", code, "client_id", "nobody",
			"redirect_uri", a.RedirectURL, "code_verifier", verifier), http.StatusUnauthorized, "invalid_client")
		token := exchange().OK().Str("access_token")
		c := s.Client()
		c.Token = token
		c.Get(V3("account", "whoami")).OK()
		wantOAuthError(exchange(), http.StatusBadRequest, "invalid_grant") // and ends what was made of it
		c.Get(V3("account", "whoami")).WantError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
		wantOAuthError(a.token("grant_type", "password"), http.StatusBadRequest, "unsupported_grant_type")
		wantOAuthError(a.token(), http.StatusBadRequest, "invalid_request")
	})
}

// Of many exchanges of one code, at one time and at two nodes, one succeeds.
func TestOAuthCodeIsExchangedOnce(t *testing.T) {
	here, there := twoNodes(t)
	u := here.User("racing")
	for _, grant := range []string{"authorization_code", deviceGrant} {
		apps := []*app{newApp(here, apiScope, deviceScope+here.Name("DEVICE")), newApp(there, apiScope)}
		fields := []string{"grant_type", grant, "device_code", apps[0].deviceCode(u)}
		if grant == "authorization_code" {
			code, verifier := apps[0].code(u)
			fields = []string{"grant_type", grant, "code", code, "redirect_uri", apps[0].RedirectURL, "code_verifier", verifier}
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		answers := map[int]int{}
		for i := range 12 {
			wg.Go(func() {
				r := apps[i%2].token(fields...)
				mu.Lock()
				defer mu.Unlock()
				answers[r.Status]++
			})
		}
		wg.Wait()
		if answers[http.StatusOK] != 1 || answers[http.StatusBadRequest] != 11 {
			t.Errorf("the grant %s was answered %v", grant, answers)
		}
	}
}

// deviceCode begins the device grant, and lets the user allow it.
func (a *app) deviceCode(u *User) string {
	a.s.T.Helper()
	r := a.form(a.Endpoint.DeviceAuthURL, "client_id", a.ClientID, "scope", strings.Join(a.Scopes, " ")).OK()
	p := newVisitor(a.s)
	p.open(r.Str("verification_uri"))
	p.signIn(u)
	p.submit("code", strings.ToLower(r.Str("user_code")))
	p.sees("Beacon")
	p.submit("decision", "allow")
	p.sees("linked")
	return r.Str("device_code")
}

func TestOAuthDeviceGrant(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("linking")
		device := s.Name("TV")
		a := newApp(s, "openid", apiScope, deviceScope+device)
		begin := a.form(a.Endpoint.DeviceAuthURL, "client_id", a.ClientID, "scope", strings.Join(a.Scopes, " ")).OK()
		code := begin.Str("device_code")
		poll := func() *Response { return a.token("grant_type", deviceGrant, "device_code", code) }
		wantOAuthError(poll(), http.StatusBadRequest, "authorization_pending")
		wantOAuthError(poll(), http.StatusBadRequest, "slow_down")
		wantOAuthError(a.token("grant_type", deviceGrant, "device_code", "x"), http.StatusBadRequest, "invalid_grant")

		p := newVisitor(s)
		p.open(begin.Str("verification_uri_complete"))
		p.signIn(u)
		p.sees(begin.Str("user_code"))
		p.submit("code", "BCDF-BCDF")
		p.sees("No device waits")
		p.submit("code", begin.Str("user_code"))
		p.sees("Beacon")
		p.submit("decision", "allow")
		p.sees("linked")
		token := poll().OK()
		c := s.Client()
		c.Token = token.Str("access_token")
		c.Get(V3("account", "whoami")).OK().WantJSON("user_id", u.ID, "device_id", device)
		a.refresh(token.Str("refresh_token")).OK()
		if token.Str("id_token") == "" {
			t.Error("there is no ID token")
		}
		wantOAuthError(poll(), http.StatusBadRequest, "invalid_grant")

		begin = a.form(a.Endpoint.DeviceAuthURL, "client_id", a.ClientID, "scope", strings.Join(a.Scopes, " ")).OK()
		code = begin.Str("device_code")
		p.open(begin.Str("verification_uri_complete"))
		p.submit("code", begin.Str("user_code"))
		p.submit("decision", "deny")
		p.sees("stays out")
		wantOAuthError(poll(), http.StatusBadRequest, "access_denied")
		wantOAuthError(a.form(a.Endpoint.DeviceAuthURL, "client_id", a.ClientID, "scope", "x"), http.StatusBadRequest, "invalid_scope")
	})
}

func TestOAuthOnlyToKnowWhoItIs(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("known")
		a := newApp(s, "openid")
		token := a.login(newVisitor(s), u)
		if token.RefreshToken != "" || token.Extra("scope") != "openid" {
			t.Errorf("the token is %+v", token)
		}
		a.as(token).Get(V3("account", "whoami")).WantError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
		info, err := a.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != u.ID {
			t.Errorf("the user is %+v, %v", info, err)
		}
		a.form(a.metadata.Revocation, "token", token.AccessToken).OK()
		if info, err := a.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token)); err == nil {
			t.Errorf("a revoked token tells who the user is: %+v", info)
		}
		wantOAuthError(u.Get("/oauth2/userinfo"), http.StatusForbidden, "insufficient_scope")
	})
}

func TestOAuthIsASetting(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database string) {
		s := On(t, Start(t, Options{Database: database, Env: []string{"BONGSU_OAUTH=false"}}))
		s.Client().Get(V1("auth_metadata")).WantError(http.StatusNotFound, "M_UNRECOGNIZED")
		s.Client().Get("/.well-known/openid-configuration").Want(http.StatusNotFound)
		s.Client().Post("/oauth2/register", appMetadata()).Want(http.StatusNotFound)
		s.Client().Get("/account/sign-in").OK()
		s.User("still")
	})
}
