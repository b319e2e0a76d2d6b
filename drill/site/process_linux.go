package site

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// restartAfter is how long the drill waits, as systemd would, before it starts a process again that has ended.
const restartAfter = time.Second

// program is what a process runs.
type program struct {
	name string // of the log file too
	argv []string
	env  []string
	dir  string
}

// process is a program that is kept running until it is stopped or its site ends.
type process struct {
	program
	site *Site

	mu      sync.Mutex    // guards what follows
	running *os.Process   // nil while it does not
	stopped chan struct{} // closed when it is to stay down
	ended   chan struct{} // closed when the keeper has ended
}

func (s *Site) keep(p program) *process {
	k := &process{program: p, site: s, stopped: make(chan struct{}), ended: make(chan struct{})}
	go k.run(s.ns)
	return k
}

// run starts the program again and again.
func (p *process) run(ns *namespace) {
	defer close(p.ended)
	for {
		if err := p.once(ns); err != nil {
			p.site.log.Debug("a process ended", "site", p.site.Name, "process", p.name, "err", err)
		}
		select {
		case <-p.stopped:
			return
		case <-time.After(restartAfter):
		}
	}
}

func (p *process) once(ns *namespace) error {
	out, err := os.OpenFile(filepath.Join(p.site.Folder, p.name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644) //nolint:gosec // a log that others may read
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()            // the process has its own
	cmd := exec.Command(p.argv[0], p.argv[1:]...) //nolint:gosec,noctx // the drill's own list; it lives until it is stopped
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = p.env, p.dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.site.user, Setpgid: true}
	p.mu.Lock()
	select {
	case <-p.stopped:
		p.mu.Unlock()
		return nil
	default:
	}
	err = ns.inside(cmd.Start)
	if err == nil {
		p.running = cmd.Process
	}
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("starting %s: %w", p.name, err)
	}
	err = cmd.Wait()
	p.mu.Lock()
	p.running = nil
	p.mu.Unlock()
	return err
}

// signal sends a signal to the process, if it runs.
func (p *process) signal(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running != nil {
		_ = p.running.Signal(sig) // it may just have ended
	}
}

// stayDown keeps the process down once it has ended.
func (p *process) stayDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.stopped:
	default:
		close(p.stopped)
	}
}

// stop asks the process to end, kills it if it does not within the time, and keeps it down.
func (p *process) stop(within time.Duration) {
	p.stayDown()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(within):
		p.signal(syscall.SIGKILL)
		<-p.ended
	}
}
