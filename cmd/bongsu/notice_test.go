package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/store"
)

func TestNotices(t *testing.T) {
	data, ctx := t.TempDir(), t.Context()
	st, err := store.Open(ctx, store.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.OnceMeta(ctx, "server_name", func() ([]byte, error) { return []byte("example.org"), nil }); err != nil {
		t.Fatal(err)
	}
	if err := st.Write(ctx, func(tx *store.Tx) error { return tx.InsertUser(ctx, store.User{ID: "@alice:example.org"}) }); err != nil {
		t.Fatal(err)
	}
	st.Close()

	run := func(input string, args ...string) (string, error) {
		var out bytes.Buffer
		p := &program{name: "bongsu", in: strings.NewReader(input), out: &out, errs: t.Output()}
		err := p.execute(ctx, append([]string{"notice", "--data", data}, args...))
		return out.String(), err
	}
	for _, step := range []struct {
		input, err string
		args       []string
	}{
		{"", "", []string{"send", "alice", "hello"}},
		{"from a file\n", "", []string{"send", "--all", "--pin", "-"}},
		{"", "", []string{"send", "--all", "--usage-limit", "mailto:a@example.org", "full"}},
		{"", "", []string{"clear", "@alice:example.org"}},
		{"", "there is no user @bob:example.org", []string{"send", "bob", "hello"}},
		{"", "with --all, give the text alone", []string{"send", "--all", "alice", "hello"}},
		{"", "give the user and the text", []string{"send", "hello"}},
		{"", "give a user, or --all", []string{"clear"}},
		{"", "a notice needs a text", []string{"send", "--all", "-"}},
		{"", "@alice:elsewhere.org is not a user of this server", []string{"send", "@alice:elsewhere.org", "hello"}},
	} {
		out, err := run(step.input, step.args...)
		if (err == nil) != (step.err == "") || err != nil && !strings.HasPrefix(err.Error(), step.err) {
			t.Errorf("%v: got %q, %v; want %q", step.args, out, err, step.err)
		}
	}
	out, err := run("", "list")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m) +0 +0 +waiting$`).FindAllString(out, -1)); n != 4 || strings.Count(out, "  all  ") != 2 {
		t.Errorf("the list is\n%s", out)
	}
}
