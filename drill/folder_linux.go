package drill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// folderPrefix begins the names of drills' folders, and folderParent is where they are: it is on a disk, and not /tmp, in whose place each site
// has one of its own.
const (
	folderPrefix = "bongsu-drill-"
	folderParent = "/var/tmp"
)

// folder is where a drill that runs keeps everything. It is locked, so that the next drill knows which folders were left by one that was
// killed.
type folder struct {
	path string
	lock *os.File
}

func makeFolder(parent string) (_ *folder, err error) {
	if err := clearLeft(parent); err != nil {
		return nil, err
	}
	f := &folder{}
	if f.path, err = os.MkdirTemp(parent, folderPrefix); err != nil {
		return nil, fmt.Errorf("making the drill's folder: %w", err)
	}
	if err := os.Chmod(f.path, 0o755); err != nil { //nolint:gosec // the sites' users pass through
		return nil, err
	}
	f.lock, err = lockFolder(f.path)
	return f, err
}

// lockFolder locks a folder for as long as the file is open.
func lockFolder(path string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// clearLeft removes the folders of drills that were killed.
func clearLeft(dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, folderPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range found {
		lock, err := lockFolder(path)
		if errors.Is(err, unix.EWOULDBLOCK) {
			continue // it runs
		}
		if err != nil {
			return fmt.Errorf("looking at what a former drill left: %w", err)
		}
		if err := errors.Join(os.RemoveAll(path), lock.Close()); err != nil {
			return fmt.Errorf("removing what a former drill left: %w", err)
		}
	}
	return nil
}

// remove removes the folder.
func (f *folder) remove() error { return errors.Join(os.RemoveAll(f.path), f.lock.Close()) }
