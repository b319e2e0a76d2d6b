package site

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// bootScript is the first process of a site. It mounts the site's disk, says so, and then reaps whatever is orphaned. The numbers of
// processes begin where no boot before has been: files that a dead process left must not seem to be a living one's. /tmp is the site's own:
// SeaweedFS has sockets there.
const bootScript = `set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=1777,size=64m tmp /tmp
ip link set lo up
mount -o loop,noatime "$IMAGE" "$DISK"
echo "$LAST_PID" >/proc/sys/kernel/ns_last_pid
echo ready
while :; do sleep 3600 & wait $!; done`

// namespace is where a site's processes live.
type namespace struct {
	first *exec.Cmd
	net   *os.File
	mnt   *os.File
	pid   *os.File
}

// starter runs functions on one thread for as long as the drill lasts. Children that are to die with the drill must come from a thread
// that lives as long: PR_SET_PDEATHSIG follows the thread.
type starter chan func()

func newStarter() starter {
	s := make(starter)
	go func() {
		runtime.LockOSThread()
		for fn := range s {
			fn()
		}
	}()
	return s
}

func (s starter) do(fn func() error) error {
	done := make(chan error, 1)
	s <- func() { done <- fn() }
	return <-done
}

// openNamespace makes a site's namespaces, its disk mounted.
func openNamespace(s starter, image, disk string, lastPID int) (_ *namespace, err error) {
	cmd := exec.Command("/bin/sh", "-c", bootScript) //nolint:noctx // it lives as long as the site
	cmd.Env = []string{"PATH=" + safePath, "IMAGE=" + image, "DISK=" + disk, fmt.Sprintf("LAST_PID=%d", lastPID)}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET,
		Pdeathsig:  syscall.SIGKILL, Setpgid: true,
	}
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("making the site's first process: %w", err)
	}
	if err := s.do(cmd.Start); err != nil {
		return nil, fmt.Errorf("making namespaces: %w", err)
	}
	n := &namespace{first: cmd}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("booting the site: %s: %w", strings.TrimSpace(said.String()), errors.Join(err, errNotReady))
	}
	for _, f := range []struct {
		kind string
		file **os.File
	}{{"net", &n.net}, {"mnt", &n.mnt}, {"pid", &n.pid}} {
		if *f.file, err = os.Open(fmt.Sprintf("/proc/%d/ns/%s", cmd.Process.Pid, f.kind)); err != nil {
			return nil, fmt.Errorf("opening the namespace: %w", err)
		}
	}
	return n, nil
}

var errNotReady = errors.New("its first process did not come up")

// safePath is where the programs of a site are looked for.
const safePath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// close ends everything in the namespaces at once.
func (n *namespace) close() {
	if n.first.Process != nil && n.first.ProcessState == nil {
		_ = n.first.Process.Kill() // it may be gone
		_ = n.first.Wait()         // killed
	}
	for _, f := range []*os.File{n.net, n.mnt, n.pid} {
		if f != nil {
			_ = f.Close() // held open only to enter
		}
	}
}

// inside runs fn on a thread that is in all of the namespaces: processes that it starts are the site's.
func (n *namespace) inside(fn func() error) error {
	return onThread(func() error {
		if err := unix.Unshare(unix.CLONE_FS); err != nil { // a thread that shares its root with others may not change mounts
			return fmt.Errorf("leaving the program's folder: %w", err)
		}
		for _, f := range []struct {
			file *os.File
			kind int
		}{{n.net, unix.CLONE_NEWNET}, {n.mnt, unix.CLONE_NEWNS}, {n.pid, unix.CLONE_NEWPID}} {
			if err := unix.Setns(int(f.file.Fd()), f.kind); err != nil {
				return fmt.Errorf("entering the site: %w", err)
			}
		}
		return fn()
	})
}

// onNetwork runs fn on a thread whose new sockets are the site's.
func (n *namespace) onNetwork(fn func() error) error {
	return onThread(func() error {
		if err := unix.Setns(int(n.net.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering the site's network: %w", err)
		}
		return fn()
	})
}

// onThread runs fn on a thread of its own, which ends with it.
func onThread(fn func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the runtime ends the thread
		done <- fn()
	}()
	return <-done
}
