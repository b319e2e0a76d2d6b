package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	apiScope    = "urn:matrix:client:api:*"
	deviceScope = "urn:matrix:client:device:"
	callback    = "http://127.0.0.1/callback"
)

// app is a client of the OAuth 2.0 API that is registered with a server.
type app struct {
	*oauth2.Config
	s        *Suite
	provider *oidc.Provider
	metadata struct {
		Registration  string   `json:"registration_endpoint"`
		Revocation    string   `json:"revocation_endpoint"`
		Account       string   `json:"account_management_uri"`
		Verification  string   `json:"device_authorization_endpoint"`
		GrantTypes    []string `json:"grant_types_supported"`
		ResponseModes []string `json:"response_modes_supported"`
	}
}

func appMetadata() Obj {
	return Obj{
		"client_name": "Beacon", "client_uri": "https://beacon.example/", "application_type": "native", "redirect_uris": []string{callback},
		"token_endpoint_auth_method": "none", "response_types": []string{"code"},
		"grant_types": []string{"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"},
	}
}

// newApp discovers a server's metadata with coreos/go-oidc and registers an app.
func newApp(s *Suite, scopes ...string) *app {
	s.T.Helper()
	a := &app{s: s}
	issuer := s.Client().Get(V1("auth_metadata")).OK().Str("issuer")
	var err error
	if a.provider, err = oidc.NewProvider(s.T.Context(), issuer); err != nil {
		s.T.Fatal(err)
	}
	if err := a.provider.Claims(&a.metadata); err != nil {
		s.T.Fatal(err)
	}
	r := s.Client().Post(a.path(a.metadata.Registration), appMetadata()).Want(http.StatusCreated)
	a.Config = &oauth2.Config{ClientID: r.Str("client_id"), RedirectURL: "http://127.0.0.1:49152/callback", Scopes: scopes, Endpoint: a.provider.Endpoint()}
	return a
}

// path is the path of one of the server's addresses.
func (a *app) path(address string) string { return strings.TrimPrefix(address, a.s.Server.URL) }

// allow lets a person who is signed in, or signs in now, allow the app, and returns what the app is called back with.
func (a *app) allow(p *visitor, u *User, address string) url.Values {
	a.s.T.Helper()
	p.open(address)
	if strings.HasPrefix(p.at.Path, "/account/sign-in") {
		p.signIn(u)
	}
	p.sees("Beacon")
	p.sees(u.ID)
	p.submit("decision", "allow")
	return a.calledBack(p)
}

func (a *app) calledBack(p *visitor) url.Values {
	a.s.T.Helper()
	if p.left == nil || !strings.HasPrefix(p.left.String(), a.RedirectURL) {
		a.s.T.Fatalf("the browser is at %s, not back at the app (%v):\n%s", p.at, p.left, p.page)
	}
	if p.left.Fragment != "" {
		q, err := url.ParseQuery(p.left.EscapedFragment())
		if err != nil {
			a.s.T.Fatal(err)
		}
		return q
	}
	return p.left.Query()
}

// login does the whole code flow for a device.
func (a *app) login(p *visitor, u *User, opts ...oauth2.AuthCodeOption) *oauth2.Token {
	a.s.T.Helper()
	verifier := oauth2.GenerateVerifier()
	back := a.allow(p, u, a.AuthCodeURL("a state", append(opts, oauth2.S256ChallengeOption(verifier))...))
	if back.Get("state") != "a state" || back.Get("error") != "" {
		a.s.T.Fatalf("the app was called back with %v", back)
	}
	token, err := a.Exchange(a.s.T.Context(), back.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		a.s.T.Fatal(err)
	}
	return token
}

// as is a client with the token of an app.
func (a *app) as(token *oauth2.Token) *Client {
	c := a.s.Client()
	c.Token = token.AccessToken
	return c
}

func TestOAuthCodeFlow(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("oauth")
		device := s.Name("PHONE")
		a := newApp(s, "openid", "urn:matrix:org.matrix.msc2967.client:api:*", "urn:matrix:org.matrix.msc2967.client:device:"+device)
		token := a.login(newVisitor(s), u, oauth2.SetAuthURLParam("nonce", "a nonce"), oauth2.SetAuthURLParam("response_mode", "fragment"))
		if token.Extra("scope") != strings.Join(a.Scopes, " ") || token.RefreshToken == "" || token.Expiry.IsZero() || token.TokenType != "Bearer" {
			t.Errorf("the token is %+v with the scope %v", token, token.Extra("scope"))
		}
		a.as(token).Get(V3("account", "whoami")).OK().WantJSON("user_id", u.ID).WantJSON("device_id", device)
		if name := u.Get(V3("devices", device)).OK().Str("display_name"); name != "Beacon" {
			t.Errorf("the device is called %q", name)
		}
		id, err := a.provider.Verifier(&oidc.Config{ClientID: a.ClientID}).Verify(t.Context(), token.Extra("id_token").(string))
		if err != nil {
			t.Fatal(err)
		}
		if id.Subject != u.ID || id.Nonce != "a nonce" {
			t.Errorf("the ID token is of %s with the nonce %q", id.Subject, id.Nonce)
		}
		if err := id.VerifyAccessToken(token.AccessToken); err != nil {
			t.Error(err)
		}
		info, err := a.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
		if err != nil || info.Subject != u.ID {
			t.Errorf("the user is %+v, %v", info, err)
		}
	})
}
