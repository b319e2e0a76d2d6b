package testdb

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	osexec "os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// errNoPostgres is returned when the server's programs are not on this machine.
var errNoPostgres = errors.New("initdb of PostgreSQL 15 or newer was not found: apt-get install postgresql")

// attempts is how often a start is tried: the port that the system picked may be taken before PostgreSQL binds it.
const attempts = 5

// cluster is a running PostgreSQL server of this test process.
type cluster struct {
	url string
	// life is the write end of the watchdog's input. It is never written to and never closed by us: the kernel closes it
	// when the process ends, for whatever reason, and that is the watchdog's signal. Go opens pipes close-on-exec, so no
	// process that a test starts can hold it open.
	life io.WriteCloser
}

// clusters holds the one cluster of each kind. It is process-wide on purpose: a cluster costs a second to make, tests of
// one package share it, and a test cannot hand it on to the next.
var clusters = struct {
	sync.Mutex
	byKind map[settings]*cluster
}{byKind: map[settings]*cluster{}}

func sharedCluster(s settings) (*cluster, error) {
	clusters.Lock()
	defer clusters.Unlock()
	if c, ok := clusters.byKind[s]; ok {
		return c, nil
	}
	c, err := startCluster(s)
	if err != nil {
		return nil, err
	}
	clusters.byKind[s] = c
	return c, nil
}

func startCluster(s settings) (_ *cluster, err error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	cred, err := credential()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bongsu-pg-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the cluster: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	password := rand.Text()
	if err := initCluster(bin, dir, password, cred); err != nil {
		return nil, err
	}
	for range attempts {
		var c *cluster
		if c, err = launch(bin, dir, password, cred, s); err == nil {
			return c, nil
		}
	}
	return nil, err
}

func initCluster(bin, dir, password string, cred *syscall.Credential) error {
	pwfile := filepath.Join(dir, "password")
	if err := os.WriteFile(pwfile, []byte(password+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing the superuser's password: %w", err)
	}
	if cred != nil {
		for _, path := range []string{dir, pwfile} {
			if err := os.Chown(path, int(cred.Uid), int(cred.Gid)); err != nil {
				return fmt.Errorf("giving %s to the postgres user: %w", path, err)
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cmd := osexec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", filepath.Join(dir, "data"), "--username", "bongsu",
		"--pwfile", pwfile, "--auth", "password", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running initdb: %w\n%s", err, out)
	}
	return nil
}

// watchdog runs the server given as its arguments until its own input ends or the server does, then stops the server at
// once and removes the folder. A child that outlives a killed test would otherwise keep port, memory and disk for ever.
const watchdog = `dir=$1; shift
"$@" </dev/null >"$dir/log" 2>&1 &
server=$!
(while kill -0 $server 2>/dev/null; do sleep 1; done; kill -TERM $$ 2>/dev/null) &
minder=$!
trap : TERM
exec 3<&0
read -r _ <&3
kill -QUIT $server 2>/dev/null
kill $minder 2>/dev/null
wait $server
if [ -f "$dir/keep" ]; then exit 1; fi
rm -rf "$dir"`

func launch(bin, dir, password string, cred *syscall.Credential, s settings) (*cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	// While "keep" exists a server that fails to start leaves its folder, for the next attempt and for its log.
	keep := filepath.Join(dir, "keep")
	if err := os.WriteFile(keep, nil, 0o644); err != nil {
		return nil, fmt.Errorf("preparing the start: %w", err)
	}
	onOff := map[bool]string{true: "on", false: "off"}[s.fsync]
	cmd := osexec.Command("/bin/sh", "-c", watchdog, "watchdog", dir,
		filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300", "-c", "shared_buffers=64MB",
		"-c", "fsync="+onOff, "-c", "full_page_writes="+onOff, "-c", "autovacuum_naptime=10s")
	cmd.Dir = dir
	// Its own session, so that an interrupt typed at the test does not reach the server before the watchdog.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred, Setsid: true}
	life, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("making the watchdog's pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	c := &cluster{url: fmt.Sprintf("postgres://bongsu:%s@127.0.0.1:%d/postgres?sslmode=disable", password, port), life: life}
	if err := c.waitReady(exited); err != nil {
		_ = life.Close()
		<-exited
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return nil, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(log))
	}
	if err := os.Remove(keep); err != nil {
		return nil, fmt.Errorf("finishing the start: %w", err)
	}
	return c, nil
}

func (c *cluster) waitReady(exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-exited:
			return errors.New("PostgreSQL ended while starting")
		case <-ctx.Done():
			return fmt.Errorf("waiting for PostgreSQL: %w", err)
		case <-tick.C:
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("picking a port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// findBinaries returns the folder of initdb and postgres: the newest Debian-style installation, else that of the PATH.
func findBinaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", fmt.Errorf("looking for PostgreSQL: %w", err)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	if len(found) > 0 && version(found[0]) >= 15 {
		return filepath.Dir(found[0]), nil
	}
	if path, err := osexec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errNoPostgres
}

// credential is the user that the server runs as: PostgreSQL refuses to run as root.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w (its package makes the user postgres, needed because PostgreSQL does not run as root)", errNoPostgres)
	}
	uid, errU := strconv.ParseUint(u.Uid, 10, 32)
	gid, errG := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errU, errG); err != nil {
		return nil, fmt.Errorf("reading the ids of user postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}, nil
}
