package clientapi

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/account"
)

func TestStageIsDoneOnTheFallbackPage(t *testing.T) {
	eachAccountServer(t, account.Options{Registration: account.RegistrationToken}, func(t *testing.T, s *testServer) {
		token, err := s.api.Accounts.EnsureFirstToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		register := func(auth string) *answer {
			return s.nobody().post("/_matrix/client/v3/register", `{"username":"alice","password":"right password"`+auth+`}`)
		}
		session := register("").wantStatus(401).text("session")
		const path = "/_matrix/client/v3/auth/m.login.registration_token/fallback/web"
		if p := s.nobody().get(path + "?session=" + session).wantStatus(200); !strings.Contains(p.body, session) {
			t.Fatal(p.body)
		}
		fill := func(session, token string) *answer {
			return s.nobody().post(path, url.Values{"session": {session}, "token": {token}}.Encode())
		}
		if p := fill(session, "wrong").wantStatus(401); !strings.Contains(p.body, "not valid") {
			t.Fatal(p.body)
		}
		fill("unknown", token).wantStatus(404)
		register(`,"auth":{"session":"` + session + `"}`).wantStatus(401)
		if p := fill(session, token).wantStatus(200); !strings.Contains(p.body, "onAuthDone") {
			t.Fatal(p.body)
		}
		register(`,"auth":{"session":"` + session + `"}`).wantStatus(200)
	})
}

func TestFallbackPagesRunNothingForeign(t *testing.T) {
	s := newTestServer(t, "")
	for path, marker := range map[string]string{
		"/_matrix/client/v3/auth/m.login.dummy/fallback/web?session=%22%3E%3Cscript%3E": "&lt;script&gt;",
		"/_matrix/static/client/login/?device_id=X":                                     "window.onLogin",
	} {
		w := httptest.NewRecorder()
		s.api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		if !strings.Contains(w.Body.String(), marker) || strings.Contains(w.Body.String(), "\"><script>") {
			t.Errorf("%s: %s", path, w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
	s.nobody().get("/_matrix/client/v3/auth/org.example.odd/fallback/web?session=x").wantError(404, "M_UNRECOGNIZED")
	s.nobody().get("/_matrix/client/v3/auth/m.login.dummy/fallback/web").wantError(400, "M_MISSING_PARAM")
}
