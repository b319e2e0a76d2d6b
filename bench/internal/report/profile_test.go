package report

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/pprof/profile"
)

// stacks makes a profile of stacks, each from the innermost function on, that took so long.
func stacks(t *testing.T, samples map[int64][]string) *bytes.Buffer {
	t.Helper()
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "cpu", Unit: "nanoseconds"}}}
	for took, names := range samples {
		s := &profile.Sample{Value: []int64{took}}
		for _, name := range names {
			id := uint64(len(p.Function) + 1)
			f := &profile.Function{ID: id, Name: name}
			l := &profile.Location{ID: id, Line: []profile.Line{{Function: f}}}
			p.Function, p.Location, s.Location = append(p.Function, f), append(p.Location, l), append(s.Location, l)
		}
		p.Sample = append(p.Sample, s)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return &b
}

func TestParts(t *testing.T) {
	got, err := Parts(stacks(t, map[int64][]string{
		50: {"crypto/ed25519.Sign", "bongsu.org/bongsu/internal/room.(*Signer).build", "net/http.(*conn).serve"},
		30: {"syscall.Write", "net/http.(*conn).serve"},
		15: {"runtime.mallocgc", "bongsu.org/bongsu/internal/clientapi.send", "net/http.(*conn).serve"},
		5:  {"runtime.futex", "runtime.mcall"},
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{{"hashes and signatures", 50}, {"HTTP", 30}, {"handlers", 15}, {"scheduler and the rest", 5}}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
	file := filepath.Join(t.TempDir(), "parts.svg")
	if err := DrawParts(file, "Title", got); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("the plot was not drawn: %v", err)
	}
}

func TestPartsOfNoProfile(t *testing.T) {
	if _, err := Parts(bytes.NewBufferString("no profile")); err == nil {
		t.Error("no error")
	}
	if _, err := Parts(stacks(t, nil)); err == nil {
		t.Error("an empty profile gives no error")
	}
}
