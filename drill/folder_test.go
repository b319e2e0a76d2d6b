//go:build linux

package drill

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOnlyWhatIsLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, folderPrefix+"left")
	if err := os.MkdirAll(filepath.Join(left, "a", "disk"), 0o755); err != nil {
		t.Fatal(err)
	}
	running, err := makeFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what was left is still there: %v", err)
	}
	second, err := makeFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(running.path); err != nil {
		t.Errorf("the folder of a drill that runs is gone: %v", err)
	}
	for _, f := range []*folder{running, second} {
		if err := f.remove(); err != nil {
			t.Error(err)
		}
	}
}
