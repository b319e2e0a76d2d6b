package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

func TestOAuthMetadata(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		r := s.Client().Get(V1("auth_metadata")).OK()
		r.WantJSON("response_types_supported", []string{"code"}, "response_modes_supported", []string{"query", "fragment"},
			"grant_types_supported", []string{"authorization_code", "refresh_token", deviceGrant},
			"code_challenge_methods_supported", []string{"S256"}, "prompt_values_supported", []string{"create"},
			"account_management_actions_supported", []string{
				"org.matrix.profile", "org.matrix.devices_list", "org.matrix.device_view", "org.matrix.device_delete", "org.matrix.account_deactivate",
				"org.matrix.cross_signing_reset",
			})
		for _, field := range []string{
			"issuer", "authorization_endpoint", "token_endpoint", "revocation_endpoint", "registration_endpoint", "device_authorization_endpoint",
			"account_management_uri", "jwks_uri", "userinfo_endpoint",
		} {
			if !strings.HasPrefix(r.Str(field), s.Server.URL) {
				t.Errorf("%s is %s", field, r.Str(field))
			}
		}
		for _, path := range []string{
			"/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata",
		} {
			if other := s.Client().Get(path).OK(); other.Header.Get("Access-Control-Allow-Origin") != "*" || other.Str("issuer") != r.Str("issuer") {
				t.Errorf("%s answers %s", path, other.shown())
			}
		}
		s.Client().Do(http.MethodOptions, "/oauth2/token", nil).Want(http.StatusNoContent)
	})
}

func TestOAuthRegistration(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		first := s.Client().Post("/oauth2/register", appMetadata()).Want(http.StatusCreated)
		first.WantJSON("client_name", "Beacon", "token_endpoint_auth_method", "none", "redirect_uris", []string{callback})
		if second := s.Client().Post("/oauth2/register", appMetadata()); second.Str("client_id") != first.Str("client_id") {
			t.Error("the same app got two ids")
		}
		bad := appMetadata()
		bad["redirect_uris"] = []string{"https://elsewhere.example/"}
		wantOAuthError(s.Client().Post("/oauth2/register", bad), http.StatusBadRequest, "invalid_redirect_uri")
		wantOAuthError(s.Client().Post("/oauth2/register", "{"), http.StatusBadRequest, "invalid_client_metadata")
	})
}

func TestOAuthAuthorizationErrors(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		a := newApp(s, apiScope, deviceScope+"ABCDEFGHIJ")
		address := func(changes ...string) string {
			u, err := url.Parse(a.AuthCodeURL("a state", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			for i := 0; i < len(changes); i += 2 {
				q.Set(changes[i], changes[i+1])
			}
			u.RawQuery = q.Encode()
			return u.String()
		}
		for code, changes := range map[string][]string{
			"invalid_request":      {"code_challenge", ""},
			"invalid_scope":        {"scope", apiScope},
			"interaction_required": {"prompt", "none"},
			"unauthorized_client":  {"response_type", "token"},
		} {
			p := newVisitor(s)
			p.open(address(changes...))
			if back := a.calledBack(p); back.Get("error") != code || back.Get("state") != "a state" {
				t.Errorf("with %v the app was called back with %v", changes, back)
			}
		}
		p := newVisitor(s)
		p.open(address("code_challenge_method", "plain", "response_mode", "fragment"))
		if back := a.calledBack(p); back.Get("error") != "invalid_request" || p.left.Fragment == "" {
			t.Errorf("a plain challenge called the app back at %s", p.left)
		}
		for _, changes := range [][]string{{"redirect_uri", "https://evil.example/"}, {"client_id", "nobody"}, {"redirect_uri", ""}} {
			if status := p.open(address(changes...)); status != http.StatusBadRequest || p.left != nil {
				t.Errorf("with %v the browser is at %s with %d, led to %v", changes, p.at, status, p.left)
			}
			p.sees("The app cannot sign you in")
			consent := strings.Replace(address(changes...), "/oauth2/authorize", "/oauth2/consent", 1)
			if status := p.open(consent); status != http.StatusBadRequest {
				t.Errorf("the page of consent with %v is shown with %d", changes, status)
			}
		}
	})
}

func TestOAuthConsent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("first"), s.User("second")
		a := newApp(s, apiScope, deviceScope+s.Name("DEVICE"))
		address := a.AuthCodeURL("a state", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("login_hint", "mxid:"+u.ID))
		p := newVisitor(s)
		p.open(address)
		p.sees(`value="` + u.Localpart + `"`)
		p.signIn(u)
		p.sees("beacon.example")
		_, p.page, _ = strings.Cut(p.page, "</form>") // the second form is for who is somebody else
		p.do(http.MethodPost, "/account/sign-out", p.hidden())
		p.signIn(other)
		p.sees(other.ID)
		p.submit("decision", "deny")
		if back := a.calledBack(p); back.Get("error") != "access_denied" || back.Get("state") != "a state" || back.Get("code") != "" {
			t.Errorf("the app was called back with %v", back)
		}
		// prompt=login asks for the password of who is signed in.
		p.open(address + "&prompt=login")
		p.sees("once more")
		p.submit("password", other.Password)
		p.sees("Beacon")
	})
}

func TestOAuthConsentTellsWhichDeviceIsReplaced(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, a, token := loggedIn(s)
		u.Put(V3("devices", a.device()), Obj{"display_name": "Old phone"}).OK()
		p := newVisitor(s)
		p.open(a.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
		p.signIn(u)
		p.sees("Old phone")
		again := a.login(p, u)
		a.as(token).Get(V3("account", "whoami")).WantError(http.StatusUnauthorized, "M_UNKNOWN_TOKEN")
		a.as(again).Get(V3("account", "whoami")).OK().WantJSON("device_id", a.device())
	})
}

func TestOAuthCreatesAccounts(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		a := newApp(s, apiScope, deviceScope+s.Name("DEVICE"))
		p := newVisitor(s)
		p.open(a.AuthCodeURL("s", oauth2.S256ChallengeOption(oauth2.GenerateVerifier()), oauth2.SetAuthURLParam("prompt", "create")))
		p.sees("Create an account")
		name := s.Name("newcomer")
		p.submit("user", name, "password", "correct horse", "repeated", "correct horse")
		p.sees("@" + name + ":" + s.Server.Name)
		p.submit("decision", "allow")
		if a.calledBack(p).Get("code") == "" {
			t.Errorf("the app was called back at %s", p.left)
		}
	})
}

func TestOAuthDevicesDoWithoutInteractiveAuthentication(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, a, token := loggedIn(s)
		c := a.as(token)
		c.Delete(V3("devices", u.Device), Obj{}).WantError(http.StatusForbidden, "M_FORBIDDEN")
		c.Post(V3("account", "password"), Obj{"new_password": "another password"}).WantError(http.StatusForbidden, "M_FORBIDDEN")
		c.Get(V3("capabilities")).OK().WantJSON("capabilities.m\\.change_password.enabled", false, "capabilities.m\\.get_login_token.enabled", false)
		u.Get(V3("capabilities")).OK().WantJSON("capabilities.m\\.change_password.enabled", true)

		upload := func(master string, auth Obj) *Response {
			body := Obj{"master_key": Obj{"user_id": u.ID, "usage": []string{"master"}, "keys": Obj{"ed25519:" + master: master}}}
			if auth != nil {
				body["auth"] = auth
			}
			return c.Post(V3("keys", "device_signing", "upload"), body)
		}
		key := func(letter string) string { return strings.Repeat(letter, 42) + "A" }
		upload(key("A"), nil).OK()
		challenge := upload(key("B"), nil).Want(http.StatusUnauthorized)
		challenge.WantJSON("flows.0.stages", []string{"m.oauth"}, "completed", []string{})
		page := challenge.Str("params.m\\.oauth.url")
		if want := a.metadata.Account + "?action=org.matrix.cross_signing_reset"; page != want {
			t.Errorf("the page is %s, want %s", page, want)
		}
		session := Obj{"session": challenge.Str("session")}
		upload(key("B"), session).Want(http.StatusUnauthorized)
		p := newVisitor(s)
		p.open("/account/reset-cross-signing")
		p.signIn(u)
		p.sees("Reset your digital identity?")
		p.submit()
		p.sees("Go back to the app")
		upload(key("B"), session).OK()
		upload(key("C"), nil).Want(http.StatusUnauthorized) // it was allowed once
		p.open("/account?action=org.matrix.cross_signing_reset")
		p.submit()
		upload(key("C"), nil).OK() // without a session, as older clients do
	})
}
