package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/config"
)

// fakeServer is a server that ends when it is told to.
type fakeServer struct {
	token    string
	first    bool
	ended    chan error
	shutdown func(context.Context) error
}

func (s *fakeServer) Addr() string                       { return "0.0.0.0:8008" }
func (s *fakeServer) FirstRun() (string, bool)           { return s.token, s.first }
func (s *fakeServer) Shutdown(ctx context.Context) error { return s.shutdown(ctx) }
func (s *fakeServer) Wait() error                        { return <-s.ended }

// fakeAccounts remembers what was asked of it.
type fakeAccounts struct{ calls []string }

func (a *fakeAccounts) ServerName() string { return "example.org" }

func (a *fakeAccounts) Add(_ context.Context, localpart, password string, admin bool) (string, error) {
	a.calls = append(a.calls, "add "+localpart+" "+password+map[bool]string{true: " admin"}[admin])
	if localpart == "taken" {
		return "", errors.New("the name is taken")
	}
	return "@" + localpart + ":example.org", nil
}

func (a *fakeAccounts) SetPassword(_ context.Context, userID, password string) error {
	a.calls = append(a.calls, "passwd "+userID+" "+password)
	return nil
}

func (a *fakeAccounts) Deactivate(_ context.Context, userID string) error {
	a.calls = append(a.calls, "deactivate "+userID)
	return nil
}

func (a *fakeAccounts) List(_ context.Context, visit func(accountLine) error) error {
	made := time.Date(2022, 10, 15, 0, 0, 0, 0, time.UTC)
	return errors.Join(
		visit(accountLine{UserID: "@alice:example.org", Created: made, Admin: true}),
		visit(accountLine{UserID: "@bob:example.org", Created: made, Deactivated: true}),
	)
}

func (a *fakeAccounts) Close() { a.calls = append(a.calls, "close") }

// fixture is a program with fake parts.
type fixture struct {
	program
	out      bytes.Buffer
	signals  chan os.Signal
	accounts fakeAccounts
	server   fakeServer
	started  chan config.Config
	data     string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{signals: make(chan os.Signal, 2), started: make(chan config.Config, 1), data: t.TempDir()}
	f.server = fakeServer{ended: make(chan error, 1), shutdown: func(context.Context) error { return nil }}
	f.program = program{
		name: "bongsu", in: strings.NewReader("from stdin\n"), out: &f.out, errs: t.Output(), signals: f.signals,
		start: func(_ context.Context, cfg config.Config, _ *slog.Logger) (server, error) {
			f.started <- cfg
			return &f.server, nil
		},
		accounts: func(context.Context, config.Config, *slog.Logger) (accounts, error) { return &f.accounts, nil },
	}
	return f
}

func (f *fixture) run(t *testing.T, args ...string) error {
	t.Helper()
	return f.execute(t.Context(), append(args, "--data", f.data))
}

func TestServeFlagsSetTheirSettings(t *testing.T) {
	f := newFixture(t)
	pem := filepath.Join("..", "..", "internal", "config", "testdata", "ca.pem")
	f.signals <- syscall.SIGTERM
	err := f.run(t, "serve", "--listen", "127.0.0.1:0", "--server-name", "example.org:8448", "--database", "postgres://u@h/d",
		"--registration", "open", "--registration-shared-secret", "S", "--rate-limits", "off", "--allow-private-addresses", "--ca-file", pem,
		"--log-level", "error")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Data = f.data
	want.Listen = "127.0.0.1:0"
	want.ServerName = "example.org:8448"
	want.Database = "postgres://u@h/d"
	want.Registration = config.RegistrationOpen
	want.RegistrationSharedSecret = "S"
	want.RateLimits.Enabled = false
	want.AllowPrivateAddresses = true
	want.CAFile = pem
	want.Log.Level = config.LogError
	if got := <-f.started; !equal(t, got, want) {
		t.Errorf("got\n%#v\nwant\n%#v", got, want)
	}
}

func equal(t *testing.T, a, b config.Config) bool {
	t.Helper()
	return a.RegistrationSharedSecret == b.RegistrationSharedSecret && a.Database == b.Database && printed(t, a) == printed(t, b)
}

func printed(t *testing.T, cfg config.Config) string {
	t.Helper()
	var out strings.Builder
	if err := cfg.Print(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFirstStartTellsHowToBegin(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		first bool
		want  []string
		not   []string
	}{
		"with a token": {first: true,
			want: []string{"http://localhost:8008", "bongsu user add alice --admin --data ", "TOKEN"}},
		"open": {args: []string{"--registration", "open"}, first: true,
			want: []string{"Anyone may register", "bongsu user add alice"}, not: []string{"TOKEN"}},
		"closed": {args: []string{"--registration", "closed"}, first: true,
			want: []string{"bongsu user add alice"}, not: []string{"TOKEN", "may register"}},
		"with a name and a database": {args: []string{"--server-name", "example.org", "--database", "postgres://u:hunter2@h/d"}, first: true,
			want: []string{"--server-name example.org", "'postgres://u:(hidden)@h/d'"}, not: []string{"hunter2"}},
		"later": {want: []string{"http://localhost:8008"}, not: []string{"TOKEN", "user add"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.server.token, f.server.first = "TOKEN", c.first
			// The lines come before the signal is looked at, since the server has to be started first.
			f.server.ended <- nil
			if err := f.run(t, append([]string{"serve"}, c.args...)...); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(f.out.String(), want) {
					t.Errorf("no %q in\n%s", want, &f.out)
				}
			}
			for _, not := range c.not {
				if strings.Contains(f.out.String(), not) {
					t.Errorf("%q in\n%s", not, &f.out)
				}
			}
		})
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	f := newFixture(t)
	release := make(chan struct{})
	defer close(release)
	f.server.shutdown = func(context.Context) error {
		f.signals <- syscall.SIGINT
		<-release
		return nil
	}
	f.signals <- syscall.SIGINT
	// The first signal may arrive while the server starts; either way the second one ends the program.
	if err := f.run(t, "serve"); !errors.Is(err, errStoppedAtOnce) {
		t.Errorf("got %v, want %v", err, errStoppedAtOnce)
	}
}

func TestSignalGivesUpTheStart(t *testing.T) {
	f := newFixture(t)
	f.start = func(ctx context.Context, _ config.Config, _ *slog.Logger) (server, error) {
		f.signals <- syscall.SIGTERM
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err := f.run(t, "serve"); err != nil {
		t.Errorf("got %v, want a quiet end", err)
	}
}

func TestServerThatEndsItselfIsAnError(t *testing.T) {
	f := newFixture(t)
	f.server.ended <- errors.New("the address is in use")
	if err := f.run(t, "serve"); err == nil || !strings.Contains(err.Error(), "the address is in use") {
		t.Errorf("got %v, want why it ended", err)
	}
}

func TestWrongSettingStopsEveryCommand(t *testing.T) {
	for _, args := range [][]string{{"serve", "--registration", "opne"}, {"config", "check", "--registration", "opne"}, {"config", "print", "--registration", "opne"}} {
		err := newFixture(t).run(t, args...)
		if err == nil || !strings.Contains(err.Error(), `flag --registration: registration: "opne" is not allowed; allowed: open, token, closed`) {
			t.Errorf("%v: got %v", args, err)
		}
	}
}

func TestConfigPrint(t *testing.T) {
	f := newFixture(t)
	f.env = []string{"BONGSU_LANES=3"}
	if err := f.run(t, "config", "print", "--server-name", "example.org"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nserver_name: example.org\n", "\nlanes: 3\n"} {
		if !strings.Contains(f.out.String(), want) {
			t.Errorf("no %q in\n%s", want, &f.out)
		}
	}
}

func TestUserCommands(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		calls string
		out   string
		err   string
	}{
		"add":                 {args: []string{"add", "alice", "--admin", "--password-stdin"}, calls: "add alice from stdin admin, close", out: "User id:  @alice:example.org\n"},
		"add by user id":      {args: []string{"add", "@alice:example.org", "--password-stdin"}, calls: "add alice from stdin, close", out: "User id:  @alice:example.org\n"},
		"add elsewhere":       {args: []string{"add", "@alice:example.com", "--password-stdin"}, calls: "close", err: "@alice:example.com is not a user of this server, which is example.org"},
		"add a taken name":    {args: []string{"add", "taken", "--password-stdin"}, calls: "add taken from stdin, close", err: "the name is taken"},
		"add nobody":          {args: []string{"add"}, err: "accepts 1 arg"},
		"new password":        {args: []string{"passwd", "alice", "--password-stdin"}, calls: "passwd @alice:example.org from stdin, close", out: "User id:  @alice:example.org\n"},
		"deactivate":          {args: []string{"deactivate", "bob"}, calls: "deactivate @bob:example.org, close", out: "@bob:example.org is closed.\n"},
		"list":                {args: []string{"list"}, calls: "close", out: "USER                SINCE       KIND\n@alice:example.org  2022-10-15  administrator\n@bob:example.org    2022-10-15  deactivated\n"},
		"an unknown flag":     {args: []string{"list", "--colour"}, err: "unknown flag: --colour"},
		"an unknown argument": {args: []string{"list", "alice"}, err: "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			err := f.run(t, append([]string{"user"}, c.args...)...)
			if (err == nil) != (c.err == "") || (err != nil && !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got error %v, want %q", err, c.err)
			}
			if calls := strings.Join(f.accounts.calls, ", "); calls != c.calls {
				t.Errorf("asked for %q, want %q", calls, c.calls)
			}
			if c.err == "" && f.out.String() != c.out {
				t.Errorf("printed %q, want %q", f.out.String(), c.out)
			}
		})
	}
}

func TestMadePasswordsAreStrongAndShown(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		f := newFixture(t)
		if err := f.run(t, "user", "add", "alice"); err != nil {
			t.Fatal(err)
		}
		password := strings.TrimSuffix(strings.TrimPrefix(f.accounts.calls[0], "add alice "), "\n")
		if len(password) < 20 || seen[password] || !strings.Contains(f.out.String(), "Password: "+password+"\n") {
			t.Errorf("the password %q is short, not new, or not in\n%s", password, &f.out)
		}
		seen[password] = true
	}
}

func TestEmptyPasswordIsRefused(t *testing.T) {
	for _, input := range []string{"", "\n", strings.Repeat("x", 10_000)} {
		f := newFixture(t)
		f.in = strings.NewReader(input)
		if err := f.run(t, "user", "add", "alice", "--password-stdin"); err == nil {
			t.Errorf("a password of %d bytes was taken", len(input))
		}
		if len(f.accounts.calls) > 0 {
			t.Errorf("asked for %v", f.accounts.calls)
		}
	}
}

func TestManualPages(t *testing.T) {
	f := newFixture(t)
	dir := t.TempDir()
	if err := f.execute(t.Context(), []string{"man", dir}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "bongsu-user-add.1"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(page, []byte("password")) {
		t.Errorf("the page on user add says nothing of passwords:\n%s", page)
	}
}

func TestUnknownCommandIsAnError(t *testing.T) {
	for _, args := range [][]string{{"srve"}, {"user", "ad"}, {"config", "pront"}} {
		if err := newFixture(t).execute(t.Context(), args); err == nil || !strings.Contains(err.Error(), "unknown command") {
			t.Errorf("%v: got %v, want that there is no such command", args, err)
		}
	}
}

func TestEveryCommandTeaches(t *testing.T) {
	f := newFixture(t)
	root := f.command()
	for _, path := range [][]string{{}, {"serve"}, {"user"}, {"user", "add"}, {"user", "passwd"}, {"user", "deactivate"}, {"user", "list"},
		{"config", "print"}, {"config", "check"}, {"man"}} {
		cmd, _, err := root.Find(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(path) > 0 && cmd.Name() != path[len(path)-1] {
			t.Errorf("there is no command %v", path)
		}
		if cmd.Short == "" || (!cmd.HasSubCommands() && cmd.Example == "") {
			t.Errorf("%v has no help or no example", path)
		}
	}
}
