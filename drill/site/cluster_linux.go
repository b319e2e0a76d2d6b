package site

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"bongsu.org/bongsu/drill/wire"
)

// Options say what cluster is wanted.
type Options struct {
	// Sites is how many data centres there are.
	Sites int
	// Dir is where everything is kept. It must be a folder that other users may pass through, and not in /tmp.
	Dir string
	// Program is bongsu.
	Program string
	// Weed is SeaweedFS, for the sites' media.
	Weed string
	// Delay is how long a packet is under way between two places, one way.
	Delay time.Duration
	// DiskSize is that of each site's disk, in bytes. It takes as much of this machine's disk as is written to it.
	DiskSize int64
	// Log is told what the drill does.
	Log *slog.Logger
}

// Cluster is the sites and the network between them.
type Cluster struct {
	Sites []*Site

	options Options
	starter starter
	wire    *wire.Switch
	tools
	secret string
	shim   string // the library that is loaded into PostgreSQL and Patroni
}

// Start boots a cluster. It returns when every site does its work; progress is told each step.
func Start(ctx context.Context, o Options, progress func(string)) (_ *Cluster, err error) {
	t, err := findTools(o.Weed)
	if err != nil {
		return nil, err
	}
	owner, err := postgresUser()
	if err != nil {
		return nil, err
	}
	c := &Cluster{options: o, tools: t, starter: newStarter(), secret: rand.Text(), wire: wire.NewSwitch(o.Sites+1, o.Delay)}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if c.shim, err = buildShim(ctx, o.Dir); err != nil {
		return nil, err
	}
	if c.options.Program, err = place(o.Program, o.Dir, Node); err != nil {
		return nil, err
	}
	if c.weed, err = place(t.weed, o.Dir, Store); err != nil {
		return nil, err
	}
	if err := c.outside(); err != nil {
		return nil, err
	}
	for i := range o.Sites {
		name := string(rune('a' + i))
		c.Sites = append(c.Sites, &Site{
			Name: name, Address: address(i + 1), Folder: filepath.Join(o.Dir, name), index: i, cluster: c, user: owner, log: o.Log,
		})
	}
	progress("making the sites")
	if err := c.build(ctx); err != nil {
		return nil, err
	}
	return c, c.Await(ctx, c.Sites, progress)
}

// outside gives the clients outside their network card.
func (c *Cluster) outside() error {
	const device = "bongsu-drill"
	if err := c.wire.Plug(0, device); err != nil {
		return fmt.Errorf("joining the drill's network (does another drill run?): %w", err)
	}
	return configure(device, 0, c.options.Sites+1)
}

// build makes the sites' folders and disks, and boots them all.
func (c *Cluster) build(ctx context.Context) error {
	for _, s := range c.Sites {
		if err := os.MkdirAll(s.Folder, 0o755); err != nil { //nolint:gosec // the site's users pass through
			return err
		}
		if err := os.Chown(s.Folder, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
		if err := s.newDials(); err != nil {
			return err
		}
		if err := s.format(ctx); err != nil {
			return err
		}
	}
	return eachSite(c.Sites, func(s *Site) error { return s.Boot(ctx) })
}

// eachSite runs fn for all sites at once.
func eachSite(sites []*Site, fn func(*Site) error) error {
	errs := make(chan error, len(sites))
	for _, s := range sites {
		go func() { errs <- fn(s) }()
	}
	var all error
	for range sites {
		all = errors.Join(all, <-errs)
	}
	return all
}

// Close ends everything, at once.
func (c *Cluster) Close() error {
	_ = eachSite(c.Sites, func(s *Site) error { s.Kill(); return nil })
	err := c.wire.Close()
	close(c.starter)
	return err
}

// Switch is the network between the sites; port 0 leads to the clients outside.
func (c *Cluster) Switch() *wire.Switch { return c.wire }

// postgresUser is who runs the sites' processes: PostgreSQL refuses to run as root.
func postgresUser() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("looking for the user that runs PostgreSQL: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, err
}

// Delay is how long a packet is under way, one way, where no fault makes it longer.
func (c *Cluster) Delay() time.Duration { return c.options.Delay }
