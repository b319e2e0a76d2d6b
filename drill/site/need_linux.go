package site

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"
)

// tools are the programs that the sites run.
type tools struct {
	etcd   string
	python string // that Patroni is installed for
	binDir string // of PostgreSQL
	weed   string // SeaweedFS
}

// ErrMissing says what a drill needs and this machine has not.
var ErrMissing = errors.New("the fire drill cannot run here")

// findTools looks for all that a drill needs, and names everything that is missing at once.
func findTools(weed string) (tools, error) {
	t := tools{weed: weed}
	var missing []string
	find := func(name, pack string) string {
		path, err := exec.LookPath(name)
		if err != nil {
			missing = append(missing, fmt.Sprintf("%s: apt-get install %s", name, pack))
		}
		return path
	}
	if os.Geteuid() != 0 {
		missing = append(missing, "root, for namespaces and network devices: sudo bongsu drill")
	}
	if err := unix.Access("/dev/net/tun", unix.W_OK); err != nil {
		missing = append(missing, "/dev/net/tun: modprobe tun (in a container: --device /dev/net/tun --cap-add NET_ADMIN --cap-add SYS_ADMIN)")
	}
	if err := unix.Access("/dev/loop-control", unix.W_OK); err != nil {
		missing = append(missing, "/dev/loop-control, for the sites' disks: modprobe loop")
	}
	t.etcd = find("etcd", "etcd-server")
	find("patroni", "patroni python3-etcd")
	t.python = find("/usr/bin/python3", "python3")
	find("ip", "iproute2")
	find("losetup", "mount")
	find("mkfs.ext4", "e2fsprogs")
	find("cc", "gcc libc6-dev")
	if t.binDir = postgresPrograms(); t.binDir == "" {
		missing = append(missing, "postgres 15 or newer: apt-get install postgresql")
	}
	if _, err := exec.LookPath(weed); err != nil {
		missing = append(missing, "SeaweedFS, the media store of each site: make .cache/weed, and --weed if it is elsewhere")
	}
	if len(missing) > 0 {
		return t, fmt.Errorf("%w; it needs\n  %s\ntools/need.sh compiler postgresql patroni etcd sites installs the packages", ErrMissing, strings.Join(missing, "\n  "))
	}
	return t, nil
}

// postgresPrograms is the newest version's folder of programs.
func postgresPrograms() string {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return ""
	}
	sort.Slice(found, func(i, j int) bool { // 9.6 comes before 15
		return len(found[i]) < len(found[j]) || len(found[i]) == len(found[j]) && found[i] < found[j]
	})
	return filepath.Dir(found[len(found)-1])
}
