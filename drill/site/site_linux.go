package site

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"bongsu.org/bongsu/drill/wire"
)

// Site is one data centre.
type Site struct {
	Name    string
	Address string
	Folder  string // its settings and logs, and its disk

	index   int // among the sites; its port of the switch is one higher
	cluster *Cluster
	user    *syscall.Credential
	log     *slog.Logger

	mu    sync.Mutex // guards what follows
	ns    *namespace // nil while the site is down
	kept  map[string]*process
	fresh bool // etcd's data is gone: it joins as a new member
	boots int
}

// Names of a site's processes.
const (
	Etcd     = "etcd"
	Patroni  = "patroni"
	Store    = "weed"
	Node     = "bongsu"
	Postgres = "postgres" // started and ended by Patroni
)

// startOrder is that in which a site's processes are started; they end in the reverse.
var startOrder = []string{Etcd, Patroni, Store, Node}

// disk is the folder of all that the site would lose in a fire.
func (s *Site) disk() string { return filepath.Join(s.Folder, "disk") }

func (s *Site) image() string { return filepath.Join(s.Folder, "disk.img") }

// Label is how people call the site.
func (s *Site) Label() string { return strings.ToUpper(s.Name) }

// Port is the site's port of the switch.
func (s *Site) Port() int { return s.index + 1 }

// Up tells whether the site has power.
func (s *Site) Up() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ns != nil
}

// powerOn gives the site its namespaces and its network, and starts nothing yet.
func (s *Site) powerOn(ctx context.Context) error {
	if err := s.diskIsFree(ctx); err != nil {
		return err
	}
	if err := s.clearRun(); err != nil {
		return err
	}
	s.boots++
	ns, err := openNamespace(s.cluster.starter, s.image(), s.disk(), s.boots%pidRanges*pidRange)
	if err != nil {
		return err
	}
	if err := s.plug(ns); err != nil {
		ns.close()
		return err
	}
	s.mu.Lock()
	s.ns, s.kept = ns, map[string]*process{}
	s.mu.Unlock()
	return nil
}

// The numbers of processes of different boots are apart by pidRange, and begin anew after pidRanges boots; Linux has 32,768 at least.
const (
	pidRange  = 3000
	pidRanges = 10
)

// clearRun empties the folder of sockets, as a boot does with /run.
func (s *Site) clearRun() error {
	run := filepath.Join(s.Folder, "run")
	if err := os.RemoveAll(run); err != nil {
		return err
	}
	if err := os.Mkdir(run, 0o755); err != nil { //nolint:gosec // the site's users pass through
		return err
	}
	return os.Chown(run, int(s.user.Uid), int(s.user.Gid))
}

// diskIsFree waits until the kernel has unmounted the disk of a site that lost its power: mounted twice it would be destroyed.
func (s *Site) diskIsFree(ctx context.Context) error {
	for {
		out, err := exec.CommandContext(ctx, "losetup", "-j", s.image()).Output() //nolint:gosec // the drill's own file
		if err != nil {
			return fmt.Errorf("asking who uses the site's disk: %w", err)
		}
		if len(out) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// plug makes the site's network card, with the addresses of everybody else known beforehand: a dead host is then a black hole.
func (s *Site) plug(ns *namespace) error {
	device := fmt.Sprintf("bongsu-%s", s.Name)
	return ns.inside(func() error {
		if err := s.cluster.wire.Plug(s.Port(), device); err != nil {
			return err
		}
		return configure(device, s.Port(), len(s.cluster.Sites)+1)
	})
}

// configure gives the device of a port its addresses, in the namespace of the calling thread.
func configure(device string, port, ports int) error {
	commands := [][]string{
		{"link", "set", "dev", device, "address", wire.MAC(port).String(), "mtu", fmt.Sprint(wire.MTU)},
		{"addr", "add", address(port) + "/24", "dev", device},
		{"link", "set", "dev", device, "up"},
	}
	for other := range ports {
		if other != port {
			commands = append(commands, []string{"neigh", "replace", address(other), "lladdr", wire.MAC(other).String(), "dev", device, "nud", "permanent"})
		}
	}
	for _, args := range commands {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil { //nolint:gosec,noctx // the drill's own arguments; done in a moment
			return fmt.Errorf("ip %v: %s: %w", args, out, err)
		}
	}
	return nil
}

// Kill ends everything in the site at once, as a loss of power or a fire does: nothing is finished, nobody is told.
func (s *Site) Kill() {
	s.mu.Lock()
	ns, kept := s.ns, s.kept
	s.ns, s.kept = nil, nil
	s.mu.Unlock()
	if ns == nil {
		return
	}
	for _, p := range kept {
		p.stayDown()
	}
	ns.close()
	for _, p := range kept {
		<-p.ended
	}
	_ = s.cluster.wire.Unplug(s.Port()) // its device went with the namespace
}

// Wipe takes all that the site's disk holds, as a fire does. The site must be down.
func (s *Site) Wipe(ctx context.Context) error {
	if s.Up() {
		return errors.New("the site is up")
	}
	if err := s.diskIsFree(ctx); err != nil {
		return err
	}
	s.fresh = true
	return s.format(ctx)
}

// format makes the site's disk, empty.
func (s *Site) format(ctx context.Context) error {
	if err := os.MkdirAll(s.disk(), 0o755); err != nil { //nolint:gosec // the site's users pass through
		return err
	}
	f, err := os.Create(s.image())
	if err == nil {
		err = errors.Join(f.Truncate(s.cluster.options.DiskSize), f.Close())
	}
	if err != nil {
		return fmt.Errorf("making the site's disk: %w", err)
	}
	root := fmt.Sprintf("root_owner=%d:%d,lazy_itable_init=1,lazy_journal_init=1", s.user.Uid, s.user.Gid)
	cmd := exec.CommandContext(ctx, "mkfs.ext4", "-q", "-F", "-m", "0", "-E", root, s.image()) //nolint:gosec // the drill's own file
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("making the site's disk: %s: %w", out, err)
	}
	return nil
}

// Boot gives the site power and starts its processes.
func (s *Site) Boot(ctx context.Context) error {
	if s.fresh {
		if err := s.cluster.replaceMember(ctx, s); err != nil {
			return fmt.Errorf("making site %s a member of etcd again: %w", s.Name, err)
		}
	}
	if err := s.powerOn(ctx); err != nil {
		return fmt.Errorf("giving site %s power: %w", s.Name, err)
	}
	for _, name := range startOrder {
		if err := s.StartProcess(name); err != nil {
			return err
		}
	}
	if err := s.bucket(ctx); err != nil {
		return err
	}
	s.fresh = false // a member now, whose data make it one at the next start
	return nil
}

// StartProcess starts one of the site's processes, and keeps it running.
func (s *Site) StartProcess(name string) error {
	p, err := s.program(name)
	if err != nil {
		return fmt.Errorf("writing the settings of %s: %w", name, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ns == nil {
		return fmt.Errorf("site %s is down", s.Name)
	}
	s.kept[name] = s.keep(p)
	return nil
}

// StopProcess ends one of the site's processes in order, and keeps it down.
func (s *Site) StopProcess(name string, within time.Duration) {
	s.mu.Lock()
	p := s.kept[name]
	delete(s.kept, name)
	s.mu.Unlock()
	if p != nil {
		p.stop(within)
	}
}

// Dial opens connections from inside the site. While the site is down nobody is there to open one.
func (s *Site) Dial(ctx context.Context, proto, addr string) (conn net.Conn, err error) {
	s.mu.Lock()
	ns := s.ns
	s.mu.Unlock()
	if ns == nil {
		return nil, fmt.Errorf("site %s is down", s.Name)
	}
	err = ns.onNetwork(func() (err error) {
		conn, err = (&net.Dialer{}).DialContext(ctx, proto, addr)
		return err
	})
	return conn, err
}
