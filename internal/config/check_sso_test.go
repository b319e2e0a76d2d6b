package config_test

import (
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/config"
)

func TestSingleSignOnIsChecked(t *testing.T) {
	good := write(t, "id: a\nname: A\nissuer: https://id.example.com\nclient_id: x\n")
	cfg := load(t, config.Sources{File: write(t, "single_sign_on: {providers: ["+good+"], trusted_clients: [https://app.example.org/chat]}\n")})
	if len(cfg.SingleSignOn.Providers) != 1 || cfg.SingleSignOn.TrustedClients[0] != "https://app.example.org/chat" {
		t.Errorf("%+v", cfg.SingleSignOn)
	}
	bad := write(t, "id: a b\nname: A\nissuer: http://id.example.com\nclient_id: x\nclient_secret: hidden\n")
	_, err := config.Load(config.Sources{File: write(t, "single_sign_on:\n  providers: ["+good+", "+bad+"]\n  trusted_clients: [app.example.org]\n")})
	if err == nil {
		t.Fatal("wrong settings were taken")
	}
	for _, want := range []string{
		"settings.yaml:2: single_sign_on.providers: " + bad + ": id:", bad + ": issuer:", "settings.yaml:3: single_sign_on.trusted_clients:",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "hidden") {
		t.Errorf("%v tells the secret", err)
	}
}
