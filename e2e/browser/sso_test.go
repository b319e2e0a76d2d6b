package browser

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/op"

	"bongsu.org/bongsu/e2e"
)

// TestSingleSignOn goes through the example provider of a library that is none of the server's own for this, with its sign-in page. It knows
// test-user@localhost and test-user2, both with the password verysecure.
func TestSingleSignOn(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	issuer := "http://localhost:" + port
	file := filepath.Join(t.TempDir(), "company.yaml")
	text := `
id: company
name: Example Company
issuer: ` + issuer + `
client_id: bongsu
client_secret: a secret of the client
userinfo: true
claims:
  localpart: "{{localpart .preferred_username}}"
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := e2e.Start(t, e2e.Options{Config: "single_sign_on:\n  providers: [" + file + "]\n"})
	storage.RegisterClients(storage.WebClient("bongsu", "a secret of the client", s.URL+"/account/sso/company/callback"))
	provider := &httptest.Server{Listener: listener, Config: &http.Server{
		Handler: exampleop.SetupServer(issuer, storage.NewStorage(storage.NewUserStore(issuer)), slog.New(slog.DiscardHandler), false, op.WithAllowInsecure()),
	}}
	provider.Start()
	t.Cleanup(provider.Close)
	drive(t, "sso.test.js", s)
}
