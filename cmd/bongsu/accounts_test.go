package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

// The commands work on a real database, as the server leaves it.
func TestAccountsOfADatabase(t *testing.T) { testdb.Each(t, testAccounts) }

func testAccounts(t *testing.T, database string) {
	data := t.TempDir()
	st, err := store.Open(t.Context(), store.Options{URL: database, Dir: data, Lanes: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.OnceMeta(t.Context(), "server_name", func() ([]byte, error) { return []byte("example.org"), nil }); err != nil {
		t.Fatal(err)
	}
	st.Close()

	run := func(input string, args ...string) (string, error) {
		var out bytes.Buffer
		p := &program{name: "bongsu", in: strings.NewReader(input), out: &out, errs: t.Output(), accounts: openAccounts}
		err := p.execute(context.Background(), append([]string{"user", "--data", data, "--database", database}, args...))
		return out.String(), err
	}
	for _, step := range []struct {
		input    string
		args     []string
		out, err string
	}{
		{"correct horse", []string{"add", "alice", "--admin", "--password-stdin"}, "User id:  @alice:example.org\n", ""},
		{"correct horse", []string{"add", "bob", "--password-stdin"}, "User id:  @bob:example.org\n", ""},
		{"correct horse", []string{"add", "alice", "--password-stdin"}, "", "adding alice: "},
		{"correct horse", []string{"add", "Not A Name", "--password-stdin"}, "", "adding Not A Name: "},
		{"battery staple", []string{"passwd", "bob", "--password-stdin"}, "User id:  @bob:example.org\n", ""},
		{"battery staple", []string{"passwd", "carol", "--password-stdin"}, "", "changing the password of @carol:example.org: "},
		{"", []string{"deactivate", "@bob:example.org"}, "@bob:example.org is closed.\n", ""},
		{"", []string{"deactivate", "carol"}, "", "deactivating @carol:example.org: "},
	} {
		out, err := run(step.input, step.args...)
		if out != step.out || (err == nil) != (step.err == "") || (err != nil && !strings.HasPrefix(err.Error(), step.err)) {
			t.Errorf("%v: got %q, %v; want %q, %q", step.args, out, err, step.out, step.err)
		}
	}
	out, err := run("", "list")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out, "\n")
	if len(lines) != 4 || !strings.HasSuffix(lines[1], "administrator") || !strings.HasSuffix(lines[2], "deactivated") {
		t.Errorf("the list is\n%s", out)
	}
}

func TestNoDatabaseIsMadeByMistake(t *testing.T) {
	p := &program{name: "bongsu", out: t.Output(), errs: t.Output(), accounts: openAccounts}
	err := p.execute(t.Context(), []string{"user", "list", "--data", t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "there is no database in") {
		t.Errorf("got %v, want that there is no database", err)
	}
}
