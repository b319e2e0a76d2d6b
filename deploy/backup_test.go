package deploy

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asUser runs a command as user postgres, in its own folder.
func (b *backedUp) asUser(argv ...string) (string, error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = b.c.root
	cmd.SysProcAttr = asPostgres(b.c)
	cmd.Env = []string{
		"PATH=" + pgBin + ":" + os.Getenv("PATH"), "PGHOST=" + b.c.root, "PGUSER=postgres", "PGBACKREST_CONFIG=" + b.config,
		"TMPDIR=" + b.c.root, "PGBIN=" + pgBin, "DATABASE=postgres", "LC_ALL=C.UTF-8", "TIMEOUT=60",
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (b *backedUp) must(argv ...string) string {
	b.t.Helper()
	out, err := b.asUser(argv...)
	if err != nil {
		b.t.Fatalf("%v: %v\n%s", argv, err, out)
	}
	return out
}

const pgBin = "/usr/lib/postgresql/15/bin"

// backedUp is a database that is backed up with the settings of this folder, to another folder in the place of the bucket.
type backedUp struct {
	t      *testing.T
	c      *cluster
	config string
}

func newBackedUp(t *testing.T) *backedUp {
	t.Helper()
	if _, err := exec.LookPath("pgbackrest"); err != nil {
		t.Fatal("pgbackrest was not found: tools/need.sh patroni etcd deploy installs it")
	}
	b := &backedUp{t: t, c: layout(t)}
	b.config = filepath.Join(b.c.root, "pgbackrest.conf")
	var lines []string
	for line := range strings.Lines(read(t, "pgbackrest/pgbackrest.conf")) {
		switch {
		case strings.HasPrefix(line, "repo1-type"):
			line = "repo1-type=posix\n"
		case strings.HasPrefix(line, "repo1-s3"):
			continue
		}
		lines = append(lines, line)
	}
	text := strings.NewReplacer("repo1-path=/pgbackrest", "repo1-path="+b.c.root+"/second-place", "/var/lib/postgresql/15/bongsu", b.c.root+"/data",
		"/run/postgresql", b.c.root, "/var/spool/pgbackrest", b.c.root+"/spool", "CHANGE-ME", "a passphrase of the test").
		Replace(strings.Join(lines, ""))
	text = strings.Replace(text, "[global]", "[global]\nlock-path="+b.c.root+"/lock", 1)
	write(t, b.config, text, 0o644)
	if b.c.cred != nil {
		if err := os.Chown(b.c.root, int(b.c.cred.Uid), int(b.c.cred.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	b.must("initdb", "-D", b.c.root+"/data", "-U", "postgres", "--data-checksums", "--auth=trust", "--no-instructions")
	b.must("pg_ctl", "-D", b.c.root+"/data", "-l", b.c.root+"/log", "-w", "-o", fmt.Sprintf(
		"-c listen_addresses='' -c unix_socket_directories='%s' -c archive_mode=on -c archive_command='pgbackrest --config=%s --stanza=bongsu archive-push %%p'",
		b.c.root, b.config), "start")
	t.Cleanup(func() {
		// The test's context is over.
		cmd := exec.Command(pgBin+"/pg_ctl", "-D", b.c.root+"/data", "-m", "immediate", "-w", "stop")
		cmd.SysProcAttr = asPostgres(b.c)
		_ = cmd.Run()
	})
	b.must("pgbackrest", "--stanza=bongsu", "stanza-create")
	b.must("pgbackrest", "--stanza=bongsu", "check")
	return b
}

func (b *backedUp) sql(statement string) string {
	return strings.TrimSpace(b.must("psql", "-XAtqc", statement))
}

// say writes messages, as far as the drill looks at them.
func (b *backedUp) say(from, to int) {
	b.sql(fmt.Sprintf(`INSERT INTO events SELECT g, (extract(epoch FROM now()) * 1000)::bigint, '{}' FROM generate_series(%d, %d) g`, from, to))
	b.sql(fmt.Sprintf(`UPDATE lanes SET pos = %d`, to))
}

// TestBackupIsRestored backs a database up, writes more, and restores it: to its end, and to a moment in between.
func TestBackupIsRestored(t *testing.T) {
	b := newBackedUp(t)
	for _, s := range []string{
		`CREATE TABLE lanes (lane INTEGER, pos BIGINT)`, `INSERT INTO lanes VALUES (0, 0)`, `CREATE TABLE users (user_id TEXT)`,
		`INSERT INTO users VALUES ('@a:x')`, `CREATE TABLE events (pos BIGINT, ts BIGINT, json BYTEA)`,
	} {
		b.sql(s)
	}
	b.say(1, 100)
	b.must("pgbackrest", "--stanza=bongsu", "--type=full", "backup")
	b.say(101, 200)
	b.sql(`SELECT pg_sleep(1.1)`) // pgBackRest counts whole seconds: the moment must be in a later one than the back-up's end
	moment := b.sql(`SELECT now()`)
	b.say(201, 300)
	b.must("pgbackrest", "--stanza=bongsu", "--type=diff", "backup")
	b.say(301, 350)
	b.sql(`SELECT pg_switch_wal()`)
	b.must("pgbackrest", "--stanza=bongsu", "check") // everything written so far is in the second place

	drill, err := filepath.Abs("pgbackrest/restore-drill")
	if err != nil {
		t.Fatal(err)
	}
	if out := b.must(drill, "--max-age", "10"); !strings.Contains(out, "1 users, 350 events") {
		t.Errorf("to the end: %s", out)
	}
	if out := b.must(drill, "--at", moment); !strings.Contains(out, "1 users, 200 events") {
		t.Errorf("to a moment: %s", out)
	}
	if left, _ := filepath.Glob(b.c.root + "/restore-drill.*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// A back-up that is damaged is found out.
	b.sql(`UPDATE lanes SET pos = 1`)
	b.sql(`SELECT pg_switch_wal()`)
	b.must("pgbackrest", "--stanza=bongsu", "check")
	if out, err := b.asUser(drill); err == nil || !strings.Contains(out, "not of one moment") {
		t.Errorf("a bad back-up: %v\n%s", err, out)
	}
	if out := b.sql(`SELECT count(*) FROM events`); out != "350" {
		t.Errorf("the running database has %s events", out)
	}
}
