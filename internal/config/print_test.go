package config_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
	"pgregory.net/rapid"
)

func printed(t interface{ Fatal(...any) }, cfg config.Config) string {
	var out bytes.Buffer
	if err := cfg.Print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// drawConfig makes settings of any kind that pass the checks.
func drawConfig(t *rapid.T) config.Config {
	cfg := config.Default()
	text := rapid.StringMatching(`[ -~ \t\n봉수:#,\[\]{}'"]{0,12}`)
	rate := rapid.Custom(func(t *rapid.T) config.Rate {
		return config.Rate{
			Count: rapid.IntRange(1, 1000).Draw(t, "count"),
			Per:   rapid.SampledFrom([]time.Duration{time.Second, time.Minute, time.Hour}).Draw(t, "per"),
			Burst: rapid.IntRange(1, 1000).Draw(t, "burst"),
		}
	})
	cfg.ServerName = rapid.StringMatching(`[a-z0-9]{1,8}(\.[a-z]{2,4}){0,2}(:[1-9][0-9]{0,3})?`).Draw(t, "server name")
	cfg.Listen = rapid.SampledFrom([]string{":0", "[::1]:8008", "0.0.0.0:80"}).Draw(t, "listen")
	cfg.Data = "d" + text.Draw(t, "data")
	cfg.Database = rapid.SampledFrom([]string{"", "postgres://u@h1:5432,h2:5432/db", "postgresql:///db?host=/run"}).Draw(t, "database")
	cfg.Lanes = rapid.IntRange(1, 64).Draw(t, "lanes")
	cfg.Registration = rapid.SampledFrom([]config.Registration{config.RegistrationOpen, config.RegistrationToken, config.RegistrationClosed}).Draw(t, "registration")
	cfg.AllowGuests = rapid.Bool().Draw(t, "guests")
	cfg.Media.MaxUploadSize = config.Size(rapid.Int64Range(1<<10, 100<<30).Draw(t, "upload"))
	cfg.ShutdownTimeout = config.Duration(rapid.Int64Range(1e9, 600e9).Draw(t, "shutdown"))
	for range rapid.IntRange(0, 3).Draw(t, "proxies") {
		addr := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "addr")))
		cfg.TrustedProxies = append(cfg.TrustedProxies, netip.PrefixFrom(addr, rapid.IntRange(0, 32).Draw(t, "bits")).Masked())
	}
	cfg.RateLimits.Enabled = rapid.Bool().Draw(t, "limits")
	cfg.RateLimits.Messages = rate.Draw(t, "messages")
	cfg.RateLimits.Login = rate.Draw(t, "login")
	cfg.Tokens.RefreshLifetime = config.Duration(time.Duration(rapid.IntRange(0, 3650*24).Draw(t, "refresh")) * time.Hour)
	cfg.Media.Directory = text.Draw(t, "media")
	cfg.Log.Level = rapid.SampledFrom([]config.LogLevel{config.LogDebug, config.LogError}).Draw(t, "level")
	return cfg
}

func TestWhatIsPrintedLoadsAgain(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t)
		text := printed(t, cfg)
		file := dir + "/settings.yaml"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.Load(config.Sources{File: file})
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, text)
		}
		if want := fmt.Sprintf("%#v", cfg); fmt.Sprintf("%#v", got) != want {
			t.Fatalf("got\n%#v\nwant\n%s\nfrom\n%s", got, want, text)
		}
	})
}

func TestEverySettingIsDocumented(t *testing.T) {
	text := printed(t, config.Default())
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		name := strings.TrimSpace(line)
		if name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		if !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "# ") {
			t.Errorf("%s has no documentation", name)
		}
	}
}

func TestSecretsAreNotShown(t *testing.T) {
	cfg := config.Default()
	cfg.RegistrationSharedSecret = "hunter2"
	cfg.Bus.Secret = "hunter2"
	cfg.Database = "postgres://bongsu:hunter2@h1:5432,h2:5432/db?sslmode=require&sslpassword=hunter2"
	for name, text := range map[string]string{
		"Print":    printed(t, cfg),
		"%v":       fmt.Sprintf("%v", cfg.RegistrationSharedSecret),
		"%#v":      fmt.Sprintf("%#v", cfg.Bus),
		"LogValue": cfg.Bus.Secret.LogValue().String(),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s shows a secret:\n%s", name, text)
		}
	}
	want := "# database: postgres://bongsu:(hidden)@h1:5432,h2:5432/db?sslmode=require&sslpassword=(hidden)\n"
	if text := printed(t, cfg); !strings.Contains(text, want) {
		t.Errorf("no line %q in\n%s", want, text)
	}
}

func TestOtherThanDefaultIsSaid(t *testing.T) {
	cfg := config.Default()
	cfg.Lanes = 3
	if text := printed(t, cfg); !strings.Contains(text, "# The default is 2.\nlanes: 3\n") {
		t.Errorf("the default of lanes is not said in\n%s", text)
	}
}

var update = flag.Bool("update", false, "write the files that the tests compare with")

// The page of settings is made from the settings.
func TestPageOfSettingsIsCurrent(t *testing.T) {
	const path = "../../docs/operate/bongsu.yaml"
	want := printed(t, config.Default())
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date; run: go test ./internal/config -update", path)
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	a := config.Default()
	a.RateLimits.Messages.Count = 1
	if reflect.DeepEqual(a, config.Default()) {
		t.Error("changing one copy of the defaults changes the other")
	}
}
