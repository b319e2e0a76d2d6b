package config_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
)

// write makes a settings file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, src config.Sources) config.Config {
	t.Helper()
	cfg, err := config.Load(src)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestDefaultsRun(t *testing.T) {
	cfg := load(t, config.Sources{File: write(t, "")})
	if want := config.Default(); !reflect.DeepEqual(cfg, want) {
		t.Errorf("an empty file gives\n%#v\nnot the defaults\n%#v", cfg, want)
	}
}

func TestEachSourceOverridesTheOneBefore(t *testing.T) {
	file := write(t, "server_name: file.example\nlisten: 127.0.0.1:1\npresence: off\nrate_limits:\n  messages: 3/min burst 7\n")
	env := []string{"BONGSU_LISTEN=127.0.0.1:2", "BONGSU_LANES=16", "HOME=/root", "BONGSU_TEST_ANYTHING=1"}
	flags := []config.Flag{{Name: "--lanes", Setting: "lanes", Value: "32"}, {Name: "--rate-limits", Setting: "rate_limits", Value: "off"}}
	cfg := load(t, config.Sources{File: file, Env: env, Flags: flags})

	want := config.Default()
	want.ServerName = "file.example"
	want.Presence = false
	want.Listen = "127.0.0.1:2"
	want.Lanes = 32
	want.RateLimits.Enabled = false
	want.RateLimits.Messages = config.Rate{Count: 3, Per: time.Minute, Burst: 7}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got\n%#v\nwant\n%#v", cfg, want)
	}
}

func TestEnvironmentNamesEverySetting(t *testing.T) {
	cfg := load(t, config.Sources{File: write(t, ""), Env: []string{
		"BONGSU_SERVER_NAME=chat.example:8448",
		"BONGSU_MEDIA_MAX_UPLOAD_SIZE=1GiB",
		"BONGSU_TRUSTED_PROXIES=10.1.2.3/8, ::1",
		"BONGSU_URL_PREVIEWS=off",
		"BONGSU_TOKENS_REFRESH_LIFETIME=30d",
		"BONGSU_LOG_FORMAT=json",
		// What Kubernetes sets for a service named bongsu is not meant for us.
		"BONGSU_SERVICE_HOST=10.0.0.1", "BONGSU_SERVICE_PORT=80", "BONGSU_PORT=tcp://10.0.0.1:80", "BONGSU_PORT_80_TCP_ADDR=10.0.0.1",
	}})
	want := config.Default()
	want.ServerName = "chat.example:8448"
	want.Media.MaxUploadSize = config.GiB
	want.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	want.URLPreviews.Enabled = false
	want.Tokens.RefreshLifetime = config.Duration(30 * 24 * time.Hour)
	want.Log.Format = config.LogJSON
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got\n%#v\nwant\n%#v", cfg, want)
	}
}

func TestFileInDataFolderIsRead(t *testing.T) {
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, config.FileName), []byte("server_name: here.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	named := write(t, "server_name: named.example\n")
	flag := []config.Flag{{Name: "--data", Setting: "data", Value: data}}
	for name, c := range map[string]struct {
		src  config.Sources
		want string
	}{
		"data by flag":                  {config.Sources{Flags: flag}, "here.example"},
		"data by environment":           {config.Sources{Env: []string{"BONGSU_DATA=" + data}}, "here.example"},
		"file by environment":           {config.Sources{Flags: flag, Env: []string{"BONGSU_CONFIG=" + named}}, "named.example"},
		"file by flag":                  {config.Sources{Flags: flag, File: named}, "named.example"},
		"a data folder without any":     {config.Sources{Env: []string{"BONGSU_DATA=" + t.TempDir()}}, "localhost"},
		"a data folder that is missing": {config.Sources{Env: []string{"BONGSU_DATA=" + filepath.Join(data, "missing")}}, "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := load(t, c.src).ServerName; got != c.want {
				t.Errorf("server_name is %s, want %s", got, c.want)
			}
		})
	}
}

func TestNamedFileMustExist(t *testing.T) {
	_, err := config.Load(config.Sources{File: filepath.Join(t.TempDir(), "none.yaml")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file does not exist", err)
	}
}

func TestWrongSettingsNameThemselves(t *testing.T) {
	cases := map[string]struct {
		yaml  string
		env   []string
		flags []config.Flag
		want  []string
	}{
		"unknown": {yaml: "listen: :1\nservername: x\n",
			want: []string{"FILE:2: servername: there is no such setting; did you mean server_name?"}},
		"unknown in a section": {yaml: "media:\n  max_uploadsize: 1MiB\n",
			want: []string{"FILE:2: media.max_uploadsize: there is no such setting; did you mean media.max_upload_size?"}},
		"in the wrong section": {yaml: "max_upload_size: 1MiB\n",
			want: []string{"FILE:1: max_upload_size: there is no such setting; did you mean media.max_upload_size?"}},
		"unknown and like none": {yaml: "zzzzzzzzzzzz: 1\n", want: []string{"FILE:1: zzzzzzzzzzzz: there is no such setting"}},
		"not among the allowed": {yaml: "\nregistration: opne\n",
			want: []string{`FILE:2: registration: "opne" is not allowed; allowed: open, token, closed; did you mean open?`}},
		"out of range":    {yaml: "lanes: 65\n", want: []string{"FILE:1: lanes: 65 is out of range; allowed: 1 to 64"}},
		"not a number":    {yaml: "lanes: many\n", want: []string{`FILE:1: lanes: "many" is not a whole number`}},
		"not a size":      {yaml: "media: {max_upload_size: 5MB}\n", want: []string{`FILE:1: media.max_upload_size: "5MB" is not a size such as 64KiB, 100MiB or 2GiB`}},
		"not a duration":  {yaml: "shutdown_timeout: 20\n", want: []string{`FILE:1: shutdown_timeout: "20" is not a duration such as 20s, 10m, 24h or 7d`}},
		"not a switch":    {yaml: "presence: maybe\n", want: []string{`FILE:1: presence: "maybe" is not allowed; allowed: on, off`}},
		"not a rate":      {yaml: "rate_limits:\n  login: 5\n", want: []string{`FILE:2: rate_limits.login: "5" is not a rate such as 10/s, 30/min or 10/s burst 50`}},
		"not a network":   {yaml: "trusted_proxies:\n  - here\n", want: []string{`FILE:1: trusted_proxies: "here" is not a network such as 10.0.0.0/8, nor an address`}},
		"not a name":      {yaml: "server_name: 'a b'\n", want: []string{`FILE:1: server_name: "a b" is not a server name`}},
		"not a database":  {yaml: "database: mysql://u:p@h/d\n", want: []string{"FILE:1: database: this is not a database; allowed: postgres://"}},
		"twice":           {yaml: "lanes: 1\nlanes: 2\n", want: []string{"FILE:2: lanes: already set in line 1"}},
		"several for one": {yaml: "lanes: [1, 2]\n", want: []string{"FILE:1: lanes: one value is expected, not several"}},
		"no section":      {yaml: "media: 5\n", want: []string{"FILE:1: media: settings are expected here"}},
		"no settings":     {yaml: "- a\n", want: []string{"FILE:1: settings are expected here"}},
		"no YAML":         {yaml: "a: b\n  c: [\n", want: []string{"this is not YAML"}},
		"two documents":   {yaml: "lanes: 1\n---\nlanes: 2\n", want: []string{"FILE:2: a second document begins here"}},
		"no file":         {yaml: "lanes: 1\nca_file: /no/such/file\n", want: []string{"FILE:2: ca_file: open /no/such/file"}},
		"no certificate":  {yaml: "ca_file: load_test.go\n", want: []string{"FILE:1: ca_file: load_test.go holds no certificate"}},
		"no value":        {yaml: "lanes:\n", want: []string{`FILE:1: lanes: "" is not a whole number`}},
		"cluster alone":   {yaml: "bus:\n  cluster_listen: :4000\n", want: []string{"FILE:2: bus.cluster_listen: a cluster needs bus.secret", "FILE:2: bus.cluster_listen: a cluster needs a PostgreSQL"}},
		"route alone":     {yaml: "bus:\n  routes: [db:4000]\n", want: []string{"FILE:2: bus.routes: nodes reach each other in both directions: set bus.cluster_listen, too"}},
		"half of TLS": {yaml: "database: postgres:///x\nbus:\n  cluster_listen: :4000\n  secret: S\n  tls_key: testdata/ca.pem\n",
			want: []string{"FILE:5: bus.tls_key: it needs bus.tls_authority and bus.tls_certificate, too"}},
		"no entrance":        {yaml: "entrances: [https://a.example.org, b.example.org]\n", want: []string{`FILE:1: entrances: "b.example.org" is not an address for clients`}},
		"no relay":           {yaml: "turn: {uris: [stun:x], secret: s}\n", want: []string{`FILE:1: turn.uris: "stun:x" is not a TURN server`}},
		"no login at relays": {yaml: "turn: {uris: [turn:x]}\n", want: []string{"FILE:1: turn.uris: TURN servers need turn.secret, or turn.username and turn.password"}},
		"relay nowhere":      {yaml: "turn: {listen: ':3478'}\n", want: []string{"FILE:1: turn.listen: the built-in relay needs turn.public_addresses"}},
		"relay of two": {yaml: "turn: {listen: ':3478', public_addresses: [1.2.3.4, 1.2.3.5, x]}\n",
			want: []string{`FILE:1: turn.public_addresses: "1.2.3.5" is the second address of its family`, `FILE:1: turn.public_addresses: "x" is not an IP address`}},
		"relay with TLS": {yaml: "turn: {tls_listen: ':5349', public_addresses: [1.2.3.4], tls_key: /no/such/file}\n",
			want: []string{"FILE:1: turn.tls_listen: it needs turn.tls_certificate, too", "FILE:1: turn.tls_key: stat /no/such/file"}},
		"relay with a password": {yaml: "turn: {listen: ':3478', public_addresses: ['::1'], username: u, password: p}\n",
			want: []string{"FILE:1: turn.listen: the built-in relay takes credentials that end by themselves"}},
		"stores": {yaml: "media: {stores: [s3://h/B, s3://k:s@h/bucket, /a, /a, 's3://h/bucket?credentials=/no/such/file'], required_stores: 6, directory: /b}\n",
			want: []string{
				"FILE:1: media.stores: name the folder of media.directory here", "FILE:1: media.required_stores: 6 is more than the 5 stores",
				`FILE:1: media.stores: "s3://h/B" is not s3://HOST/BUCKET`, "FILE:1: media.stores: keys do not belong into the address",
				`FILE:1: media.stores: "/a" stands there twice`, "FILE:1: media.stores: stat /no/such/file",
			}},
		"required of none": {yaml: "media: {required_stores: 2}\n", want: []string{"FILE:1: media.required_stores: it needs media.stores"}},
		"no ports":         {yaml: "turn: {relay_ports: 5-4}\n", want: []string{`FILE:1: turn.relay_ports: "5-4" is not a range of ports such as 49152-65535`}},
		"no user": {yaml: "support: {admin_users: [admin]}\n",
			want: []string{`FILE:1: support.admin_users: "admin" is not a Matrix user; allowed: @NAME:SERVER`}},
		"no e-mail address": {yaml: "support: {security_emails: [x]}\n",
			want: []string{`FILE:1: support.security_emails: "x" is not an e-mail address`}},
		"no page":     {yaml: "support: {page: here}\n", want: []string{`FILE:1: support.page: "here" is not the address of a page`}},
		"environment": {env: []string{"BONGSU_LANES=0"}, want: []string{"environment BONGSU_LANES: lanes: 0 is out of range"}},
		"unknown variable": {env: []string{"BONGSU_SERVERNAME=x"},
			want: []string{"environment: BONGSU_SERVERNAME: there is no such setting; did you mean BONGSU_SERVER_NAME?"}},
		"flag": {flags: []config.Flag{{Name: "--listen", Setting: "listen", Value: "8008"}},
			want: []string{`flag --listen: listen: "8008" is not an address to listen on`}},
		"all at once": {yaml: "lanes: 0\npresence: 7\n", want: []string{"FILE:1: lanes", "FILE:2: presence"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file := write(t, c.yaml)
			_, err := config.Load(config.Sources{File: file, Env: c.env, Flags: c.flags})
			var wrong *config.Error
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a *config.Error", err)
			}
			for _, want := range c.want {
				if want = strings.ReplaceAll(want, "FILE", file); !strings.Contains(err.Error(), want) {
					t.Errorf("got\n%v\nwithout\n%s", err, want)
				}
			}
		})
	}
}

func TestAuthoritiesAreRead(t *testing.T) {
	if cfg := load(t, config.Sources{File: write(t, "ca_file: testdata/ca.pem\n")}); cfg.CAFile != "testdata/ca.pem" {
		t.Errorf("ca_file is %q", cfg.CAFile)
	}
}

func TestWrongDatabaseDoesNotShowItsPassword(t *testing.T) {
	_, err := config.Load(config.Sources{File: write(t, "database: mysql://u:hunter2@h/d\n")})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
}
