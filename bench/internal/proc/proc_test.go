package proc

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		line string
		want stat
		ok   bool
	}{
		"plain":           {"12 (cat) S 7 12 12 0 -1 4194304 1 2 3 4 150 50 20 10 20 0 1 0", stat{parent: 7, cpu: 2 * time.Second, reaped: 300 * time.Millisecond}, true},
		"brackets inside": {"12 (a) b (c) R 9 1 1 0 -1 0 1 2 3 4 1 2 3 4 20 0", stat{parent: 9, cpu: 30 * time.Millisecond, reaped: 70 * time.Millisecond}, true},
		"cut short":       {"12 (cat) S 7", stat{}, false},
		"empty":           {"", stat{}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := parse([]byte(tt.line))
			if got != tt.want || ok != tt.ok {
				t.Errorf("got %+v %v, want %+v %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestTreeHoldsChildren(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(Tree(os.Getpid()), cmd.Process.Pid) {
		t.Error("the child is not in the tree")
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestMemoryOfThisProcess(t *testing.T) {
	if Resident(os.Getpid()) < 1<<20 {
		t.Error("a running test uses more than a megabyte")
	}
	if Memory(os.Getpid()) < 1<<20 {
		t.Error("a running test's share of memory is more than a megabyte")
	}
}
