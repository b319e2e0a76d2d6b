package deploy

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cluster is where the files of three sites are put for a test, and the addresses that take the place of those in the files.
type cluster struct {
	root      string
	addresses []string
	cred      *syscall.Credential // of user postgres; nil: the test is not root
}

func layout(t *testing.T) *cluster {
	t.Helper()
	root, err := os.MkdirTemp("", "sites-") //nolint:usetesting // the names of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	c := &cluster{root: root, addresses: []string{"127.0.1.1", "127.0.2.1", "127.0.3.1"}}
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal("there is no user postgres: tools/need.sh patroni etcd deploy installs PostgreSQL")
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		c.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	parts(t, filepath.Join(root, "pki"), c.addresses)
	return c
}

// site is one of the machines that the guide is about.
type site struct {
	t       *testing.T
	c       *cluster
	name    string
	address string
	env     map[string]string
	running []*exec.Cmd
	node    *exec.Cmd // that keeps Bongsu running
}

// newSite puts the files of a site into their places, under a folder of its own.
func newSite(t *testing.T, c *cluster, n int) *site {
	t.Helper()
	s := &site{t: t, c: c, name: siteNames[n], address: c.addresses[n]}
	first := s.moved(read(t, "site.env"))
	first = strings.ReplaceAll(strings.ReplaceAll(first, "SITE=seoul", "SITE="+s.name), "PATRONI_NAME=seoul", "PATRONI_NAME="+s.name)
	lines := strings.Split(first, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "SITE_MEMBERS=") {
			lines[i] = strings.ReplaceAll(line, c.addresses[0], s.address)
		}
	}
	s.env = siteEnv(t, strings.Join(lines, "\n"))
	s.follow("## 3. Files")
	write(t, s.file("/etc/bongsu/site.env"), strings.Join(lines, "\n"), 0o644)
	for from, to := range map[string]string{
		"bongsu/bongsu.yaml": "/etc/bongsu/bongsu.yaml", "patroni/patroni.yml": "/etc/patroni/patroni.yml", "patroni/first.sh": "/etc/patroni/first.sh",
		"haproxy/haproxy.cfg": "/etc/haproxy/haproxy.cfg", "pgbackrest/pgbackrest.conf": "/etc/pgbackrest/pgbackrest.conf",
	} {
		if got := read(t, s.file(to)); got != read(t, from) {
			t.Fatalf("the guide does not put %s into its place", from)
		}
		write(t, s.file(to), s.moved(read(t, from)), 0o644)
	}
	for _, dir := range []string{"/var/lib/postgresql/15", "/run/bongsu-patroni", "/run/postgresql", "/var/lib/etcd", "/var/lib/bongsu"} {
		if err := os.MkdirAll(s.file(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, s.file("/etc/haproxy/public.pem"), read(t, filepath.Join(c.root, "pki", s.name+".crt"))+read(t, filepath.Join(c.root, "pki", s.name+".key")), 0o600)
	s.own("/var/lib/postgresql", "/run/bongsu-patroni", "/run/postgresql", "/etc/patroni", "/etc/pgbackrest")
	return s
}

// follow does what the guide says under a heading, with the site's folder in the place of the machine's. Whose the files are is left out:
// the machine of the test need not have all the users.
func (s *site) follow(heading string) {
	s.t.Helper()
	root := s.file("/root")
	for from, to := range map[string]string{"ca.crt": "ca.crt", s.name + ".crt": "node.crt", s.name + ".key": "node.key"} {
		write(s.t, filepath.Join(root, "pki", to), read(s.t, filepath.Join(s.c.root, "pki", from)), 0o600)
	}
	for _, client := range []string{"bongsu", "replicator", "rewinder"} {
		for _, kind := range []string{".crt", ".key"} {
			write(s.t, filepath.Join(root, "pki", client+kind), read(s.t, filepath.Join(s.c.root, "pki", client+kind)), 0o600)
		}
	}
	for _, dir := range []string{"/etc/systemd/system", "/etc/haproxy"} { // of packages
		if err := os.MkdirAll(s.file(dir), 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		s.t.Fatal(err)
	}
	script := strings.NewReplacer("/root/deploy", here, "/root/pki", root+"/pki", " /etc/", " "+s.file("/etc")+"/", " /usr/local/", " "+s.file("/usr/local")+"/",
		" /var/", " "+s.file("/var")+"/").Replace(commands(s.t, heading))
	script = `set -e
install() {
	for arg do
		shift
		case $skip$arg in
		-o | -g) skip=+ ;;
		+*) skip= ;;
		*) set -- "$@" "$arg" ;;
		esac
	done
	command install "$@"
}
` + script
	cmd := exec.CommandContext(s.t.Context(), "/bin/sh", "-c", script)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("following the guide: %v\n%s\n%s", err, out, script)
	}
}

// commands are the lines that the guide has root type under a heading.
func commands(t *testing.T, heading string) string {
	t.Helper()
	_, text, ok := strings.Cut(read(t, "../docs/operate/three-sites.md"), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("the guide has no %q", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var out strings.Builder
	for line := range strings.Lines(text) {
		if code, ok := strings.CutPrefix(line, "    "); ok {
			out.WriteString(strings.TrimPrefix(code, "site# "))
		}
	}
	return out.String()
}

// own gives folders to user postgres.
func (s *site) own(dirs ...string) {
	if s.c.cred == nil {
		return
	}
	for _, dir := range dirs {
		err := filepath.WalkDir(s.file(dir), func(path string, _ os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, int(s.c.cred.Uid), int(s.c.cred.Gid))
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// file is where a file of the site stands in the test.
func (s *site) file(path string) string { return filepath.Join(s.c.root, s.name, path) }

// moved puts the site's folder before paths, and the test's addresses and sizes in the place of those of the files.
func (s *site) moved(text string) string {
	old := []string{
		"10.1.0.1", s.c.addresses[0], "10.2.0.1", s.c.addresses[1], "10.3.0.1", s.c.addresses[2],
		":443", ":8443", "maxconn 60000", "maxconn 1000", ":80\"", ":8080\"", "shared_buffers: 2GB", "shared_buffers: 32MB", "wal_keep_size: 2GB", "wal_keep_size: 128MB",
		"max_wal_size: 4GB", "max_wal_size: 256MB", "max_connections: 300", "max_connections: 100",
		// Back-ups have a test of their own.
		"pgbackrest --stanza=bongsu archive-push %p", "/bin/true", `pgbackrest --stanza=bongsu archive-get %f "%p"`, "/bin/false",
	}
	for _, dir := range []string{"/etc/bongsu", "/etc/patroni", "/etc/etcd", "/etc/haproxy", "/var/lib/postgresql", "/var/lib/etcd", "/var/lib/bongsu",
		"/run/bongsu-patroni", "/run/postgresql"} {
		old = append(old, dir, s.file(dir))
	}
	return strings.NewReplacer(old...).Replace(text)
}

// command is what a unit starts.
func (s *site) command(unit string) []string {
	s.t.Helper()
	text := strings.ReplaceAll(read(s.t, "systemd/"+unit), "\\\n", " ")
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "ExecStart="); ok {
			argv := strings.Fields(s.moved(rest))
			for i := range argv {
				argv[i] = os.Expand(argv[i], func(name string) string { return s.env[name] })
			}
			return argv
		}
	}
	s.t.Fatalf("%s starts nothing", unit)
	return nil
}

// start starts a program, as user postgres if asked for, with its output in a file of the site.
func (s *site) start(name string, asPostgres bool, argv ...string) {
	s.t.Helper()
	log, err := os.OpenFile(s.file("/"+name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{"PATH=" + os.Getenv("PATH") + ":/usr/lib/postgresql/15/bin:/usr/sbin", "HOME=/nonexistent", "LC_ALL=C.UTF-8"}
	for k, v := range s.env {
		cmd.Env = append(cmd.Env, k+"="+v)
	}
	cmd.Dir = s.file("/")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if asPostgres {
		cmd.SysProcAttr.Credential = s.c.cred
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = cmd.Wait() }()
	s.running = append(s.running, cmd)
	if name == "bongsu" {
		s.node = cmd
	}
}

// restartNode asks Bongsu to end, which is then started again; and waits until it has ended.
func (s *site) restartNode() {
	s.t.Helper()
	for _, pid := range children(s.node.Process.Pid) {
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			s.t.Fatal(err)
		}
		eventually(s.t, "the end of the node", time.Minute, func() error {
			if err := syscall.Kill(pid, 0); err == nil {
				return fmt.Errorf("process %d is still there", pid)
			}
			return nil
		})
	}
}

func children(parent int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// burn kills everything of the site at once.
func (s *site) burn() {
	for _, cmd := range s.running {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	s.running = nil
	pids, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, path := range pids { // PostgreSQL is in sessions of its own
		to, err := os.Readlink(path)
		if err != nil || !strings.HasPrefix(to, s.file("/var/lib/postgresql")) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(path, "/proc/%d/cwd", &pid); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func (s *site) logs() string {
	var out strings.Builder
	for _, name := range []string{"etcd", "patroni", "bongsu", "haproxy"} {
		text, _ := os.ReadFile(s.file("/" + name + ".log"))
		fmt.Fprintf(&out, "--- %s: %s\n%s\n", s.name, name, text[max(0, len(text)-2000):])
	}
	return out.String()
}

func asPostgres(c *cluster) *syscall.SysProcAttr { return &syscall.SysProcAttr{Credential: c.cred} }
