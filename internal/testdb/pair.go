package testdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Pair is two PostgreSQL servers: one begins as the primary, and the other follows it and must have each commit before it is
// acknowledged. A test may stop, freeze and promote them. They end with the test, or with its process.
type Pair struct {
	t        testing.TB
	bin      string
	cred     *syscall.Credential
	password string
	servers  [2]*pairServer
}

type pairServer struct {
	dir    string
	port   int
	life   io.WriteCloser // of the watchdog; nil: it does not run
	exited chan struct{}
}

// NewPair makes a pair of which the first server is the primary.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{t: t, password: rand.Text()}
	var err error
	if p.bin, err = findBinaries(); err != nil {
		t.Fatal(err)
	}
	if p.cred, err = credential(); err != nil {
		t.Fatal(err)
	}
	for i := range p.servers {
		p.servers[i] = &pairServer{dir: p.folder(i)}
		if p.servers[i].port, err = freePort(); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(p.end)
	if err := initCluster(p.bin, p.servers[0].dir, p.password, p.cred); err != nil {
		t.Fatal(err)
	}
	p.Start(0)
	p.Rejoin(1)
	p.Exec(0, `ALTER SYSTEM SET synchronous_standby_names = '*'`)
	p.Exec(0, `SELECT pg_reload_conf()`)
	p.wait("the standby follows", func() bool {
		var n int
		return p.query(0, &n, `SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'`) == nil && n == 1
	})
	return p
}

// folder makes the folder of a server, which belongs to whom the server runs as.
func (p *Pair) folder(i int) string {
	p.t.Helper()
	dir, err := os.MkdirTemp("", fmt.Sprintf("bongsu-pair%d-", i))
	if err == nil && p.cred != nil {
		err = os.Chown(dir, int(p.cred.Uid), int(p.cred.Gid))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return dir
}

// URL leads to both servers, the first first.
func (p *Pair) URL() string {
	return fmt.Sprintf("postgres://bongsu:%s@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable",
		p.password, p.servers[0].port, p.servers[1].port)
}

// URLAt leads to servers at other addresses, which may be proxies before those of the pair.
func (p *Pair) URLAt(hosts ...string) string {
	return fmt.Sprintf("postgres://bongsu:%s@%s/postgres?sslmode=disable", p.password, strings.Join(hosts, ","))
}

// Address is where a server listens.
func (p *Pair) Address(i int) string { return "127.0.0.1:" + strconv.Itoa(p.servers[i].port) }

// Start starts a server that is stopped.
func (p *Pair) Start(i int) {
	p.t.Helper()
	s := p.servers[i]
	keep := filepath.Join(s.dir, "keep") // the watchdog leaves the folder, for the next start
	if err := os.WriteFile(keep, nil, 0o644); err != nil {
		p.t.Fatal(err)
	}
	cmd := osexec.Command("/bin/sh", "-c", watchdog, "watchdog", s.dir,
		filepath.Join(p.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=100", "-c", "shared_buffers=16MB",
		"-c", "fsync=off", "-c", "wal_log_hints=on", "-c", "wal_keep_size=64MB", "-c", "wal_retrieve_retry_interval=200ms",
		"-c", "wal_receiver_timeout=2s", "-c", "wal_sender_timeout=2s", "-c", "hot_standby=on", "-c", "archive_mode=off")
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred, Setsid: true}
	var err error
	if s.life, err = cmd.StdinPipe(); err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	s.exited = make(chan struct{})
	go func() { _ = cmd.Wait(); close(s.exited) }()
	c := &cluster{url: p.URLAt(p.Address(i))}
	if err := c.waitReady(s.exited); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		p.t.Fatalf("starting server %d: %v\n%s", i, err, bytes.TrimSpace(log))
	}
}

// Kill ends a server at once, as if its machine had lost power.
func (p *Pair) Kill(i int) {
	p.t.Helper()
	s := p.servers[i]
	if s.life == nil {
		return
	}
	for _, pid := range p.processes(i) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	_ = s.life.Close()
	s.life = nil
	<-s.exited
	_ = os.Remove(filepath.Join(s.dir, "data", "postmaster.pid"))
}

// Freeze stops all processes of a server in their tracks; the kernel goes on acknowledging what is sent to them.
func (p *Pair) Freeze(i int) { p.signal(i, syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (p *Pair) Thaw(i int) { p.signal(i, syscall.SIGCONT) }

func (p *Pair) signal(i int, sig syscall.Signal) {
	p.t.Helper()
	for _, pid := range p.processes(i) {
		if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
			p.t.Fatal(err)
		}
	}
}

// processes are those of a server, its first one first.
func (p *Pair) processes(i int) []int {
	text, err := os.ReadFile(filepath.Join(p.servers[i].dir, "data", "postmaster.pid"))
	if err != nil {
		return nil
	}
	line, _, _ := strings.Cut(string(text), "\n")
	first, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return nil
	}
	pids := []int{first}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(first) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// Promote makes a standby the primary. It then acknowledges alone. What is being replayed may cancel any statement on a standby, this one too.
func (p *Pair) Promote(i int) {
	p.t.Helper()
	p.wait("a standby is promoted", func() bool {
		var primary bool
		return p.query(i, &primary, `SELECT CASE WHEN pg_is_in_recovery() THEN pg_promote(true, 30) ELSE true END`) == nil && primary
	})
}

// Demote restarts a server as a standby that follows nobody, as a supervisor does with a primary that was cut off.
func (p *Pair) Demote(i int) {
	p.t.Helper()
	p.Kill(i)
	path := filepath.Join(p.servers[i].dir, "data", "standby.signal")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.Start(i)
}

// Rejoin empties a stopped server and makes it a standby of the other, which it follows when this returns.
func (p *Pair) Rejoin(i int) {
	p.t.Helper()
	s, from := p.servers[i], p.servers[1-i]
	data := filepath.Join(s.dir, "data")
	if err := os.RemoveAll(data); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := osexec.CommandContext(ctx, filepath.Join(p.bin, "pg_basebackup"), "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast",
		"--no-sync", "--dbname", fmt.Sprintf("host=127.0.0.1 port=%d user=bongsu password=%s", from.port, p.password))
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("copying server %d: %v\n%s", 1-i, err, out)
	}
	p.Start(i)
	p.wait("the copy follows", func() bool {
		var n int
		return p.query(1-i, &n, `SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'`) == nil && n == 1
	})
}

// Secure makes a server take, besides what it takes already, connections by TLS from roles who show a certificate of their name.
func (p *Pair) Secure(i int, cert, key, authority string) {
	p.t.Helper()
	data := filepath.Join(p.servers[i].dir, "data")
	for name, from := range map[string]string{"server.crt": cert, "server.key": key, "root.crt": authority} {
		text, err := os.ReadFile(from)
		if err != nil {
			p.t.Fatal(err)
		}
		to := filepath.Join(data, name)
		if err := os.WriteFile(to, text, 0o600); err != nil {
			p.t.Fatal(err)
		}
		if p.cred != nil {
			if err := os.Chown(to, int(p.cred.Uid), int(p.cred.Gid)); err != nil {
				p.t.Fatal(err)
			}
		}
	}
	rules, err := os.ReadFile(filepath.Join(data, "pg_hba.conf"))
	if err != nil {
		p.t.Fatal(err)
	}
	rules = append([]byte("hostssl all all 127.0.0.1/32 cert\n"), rules...)
	if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), rules, 0o600); err != nil {
		p.t.Fatal(err)
	}
	for _, statement := range []string{`ALTER SYSTEM SET ssl = on`, `ALTER SYSTEM SET ssl_ca_file = 'root.crt'`, `SELECT pg_reload_conf()`} {
		p.Exec(i, statement)
	}
}

// Exec runs a statement on a server.
func (p *Pair) Exec(i int, statement string) {
	p.t.Helper()
	if err := exec(p.URLAt(p.Address(i)), statement); err != nil {
		p.t.Fatalf("server %d: %v", i, err)
	}
}

// Query reads one value from a server.
func (p *Pair) Query(i int, dest any, query string) {
	p.t.Helper()
	if err := p.query(i, dest, query); err != nil {
		p.t.Fatalf("server %d: %v", i, err)
	}
}

func (p *Pair) query(i int, dest any, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.URLAt(p.Address(i)))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.QueryRow(ctx, query).Scan(dest)
}

// wait polls the servers for what they tell nobody of.
func (p *Pair) wait(what string, ok func() bool) {
	p.t.Helper()
	for end := time.Now().Add(timeout); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Fatalf("waiting until %s took too long", what)
		}
	}
}

// Await polls a server until a query of one boolean says true.
func (p *Pair) Await(i int, query string) {
	p.t.Helper()
	p.wait(query, func() bool {
		var ok bool
		return p.query(i, &ok, query) == nil && ok
	})
}

func (p *Pair) end() {
	for i, s := range p.servers {
		if s == nil {
			continue
		}
		p.Thaw(i)
		_ = os.Remove(filepath.Join(s.dir, "keep"))
		if s.life != nil {
			_ = s.life.Close()
			<-s.exited
		}
		_ = os.RemoveAll(s.dir)
	}
}
