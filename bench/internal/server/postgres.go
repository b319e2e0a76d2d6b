package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPostgres is returned when the server's programs are not on this machine.
var ErrNoPostgres = errors.New("initdb was not found: install PostgreSQL 15 or newer (apt-get install postgresql)")

// Postgres is a temporary PostgreSQL cluster with a database for one server.
type Postgres struct {
	URL   string
	dir   string
	child *child
}

// StartPostgres makes a cluster and a database in it.
func StartPostgres(ctx context.Context, database string) (_ *Postgres, err error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "bench-pg-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	p := &Postgres{dir: dir}
	defer func() {
		if err != nil {
			_ = p.Stop()
		}
	}()
	cred, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", data, "--username", "bench",
		"--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: cred}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("running initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-c", "listen_addresses=127.0.0.1", "-c", "port="+strconv.Itoa(port),
		"-c", "unix_socket_directories="+dir, "-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: cred}
	if p.child, err = spawn(cmd, filepath.Join(dir, "log")); err != nil {
		return nil, err
	}
	base := "postgres://bench@127.0.0.1:" + strconv.Itoa(port) + "/"
	if err := p.create(ctx, base, database); err != nil {
		return nil, err
	}
	p.URL = base + database + "?sslmode=disable"
	return p, nil
}

// PID is the postmaster's.
func (p *Postgres) PID() int { return p.child.cmd.Process.Pid }

// Stop stops the cluster and removes it.
func (p *Postgres) Stop() error {
	var err error
	if p.child != nil {
		err = p.child.stop(syscall.SIGINT) // a fast shutdown
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

// create waits for the cluster and makes the database.
func (p *Postgres) create(ctx context.Context, base, database string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, base+"postgres?sslmode=disable")
		if err == nil {
			defer func() { _ = conn.Close(ctx) }()
			if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{database}.Sanitize()); err != nil {
				return fmt.Errorf("making the database: %w", err)
			}
			return nil
		}
		select {
		case <-p.child.exited:
			return fmt.Errorf("PostgreSQL ended: %w\n%s", p.child.err, p.child.tail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for PostgreSQL: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// postgresBin finds the folder of PostgreSQL's programs: the newest of Debian's, or that of the path.
func postgresBin() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) })
		return filepath.Dir(found[len(found)-1]), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrNoPostgres
	}
	return filepath.Dir(path), nil
}

func majorVersion(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// unprivileged gives the credential of the user postgres, and that user the folder, when this process is root's:
// PostgreSQL refuses to run as root. Otherwise it gives none.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user to run it as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the user id of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group id of postgres: %w", err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("giving the folder to postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
