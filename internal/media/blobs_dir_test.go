package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

func newTestDir(t *testing.T) *Dir {
	t.Helper()
	d, err := NewDir(filepath.Join(t.TempDir(), "media"))
	must(t, err)
	return d
}

func unfinished(t *testing.T, d *Dir) int {
	t.Helper()
	entries, err := os.ReadDir(d.tmp())
	must(t, err)
	return len(entries)
}

func TestDirKeepsContent(t *testing.T) {
	d, ctx := newTestDir(t), context.Background()
	content := []byte("hello")
	sum := sha256.Sum256(content)
	for range 2 { // the same content twice is one blob
		b, err := d.Put(ctx, bytes.NewReader(content), 5)
		must(t, err)
		if b != (Blob{Hash(hex.EncodeToString(sum[:])), 5}) {
			t.Fatalf("got %+v", b)
		}
	}
	hash := Hash(hex.EncodeToString(sum[:]))
	r, size, err := d.Open(ctx, hash)
	must(t, err)
	got, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if size != 5 || !bytes.Equal(got, content) {
		t.Errorf("read %q of %d", got, size)
	}
	for _, want := range []struct {
		unless time.Time
		gone   bool
	}{{time.Now().Add(-time.Hour), false}, {time.Now().Add(time.Hour), true}, {time.Now(), true}} {
		gone, err := d.Delete(ctx, hash, want.unless)
		must(t, err)
		if gone != want.gone {
			t.Errorf("unless put after %v: gone %v", want.unless, gone)
		}
	}
	if n := unfinished(t, d); n != 0 {
		t.Errorf("%d files left aside", n)
	}
	if _, _, err := d.Open(ctx, hash); !errors.Is(err, ErrBlobNotFound) {
		t.Errorf("after deletion: %v", err)
	}
}

func TestDirRefuses(t *testing.T) {
	d := newTestDir(t)
	broken := errors.New("connection reset")
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	tests := map[string]struct {
		ctx  context.Context
		r    io.Reader
		want error
	}{
		"too large":    {context.Background(), strings.NewReader("123456"), ErrBlobTooLarge},
		"broken off":   {context.Background(), io.MultiReader(strings.NewReader("12"), iotest.ErrReader(broken)), broken},
		"caller gone":  {canceled, strings.NewReader("12"), context.Canceled},
		"endless data": {context.Background(), endless{}, ErrBlobTooLarge},
	}
	for name, tt := range tests {
		if _, err := d.Put(tt.ctx, tt.r, 5); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if n := unfinished(t, d); n != 0 {
		t.Errorf("%d temporary files left", n)
	}
	for _, h := range []Hash{"", "../../etc/passwd", Hash(strings.Repeat("A", 64)), Hash(strings.Repeat("a", 63) + "/")} {
		if _, _, err := d.Open(context.Background(), h); !errors.Is(err, ErrBlobNotFound) {
			t.Errorf("hash %q: %v", h, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestDirRemovesStaleUploads(t *testing.T) {
	d := newTestDir(t)
	old, fresh := filepath.Join(d.tmp(), "up-old"), filepath.Join(d.tmp(), "up-fresh")
	must(t, os.WriteFile(old, nil, 0o600))
	must(t, os.WriteFile(fresh, nil, 0o600))
	past := time.Now().Add(-2 * staleUpload)
	must(t, os.Chtimes(old, past, past))
	_, err := NewDir(d.root)
	must(t, err)
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Error("the old one is still there")
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Error("the fresh one is gone")
	}
}

// TestDirPutsBackAfterCrash: a process that died between moving a fresh blob aside and putting it back loses nothing.
func TestDirPutsBackAfterCrash(t *testing.T) {
	d := newTestDir(t)
	b, err := d.Put(context.Background(), strings.NewReader("kept"), 10)
	must(t, err)
	must(t, os.Rename(d.path(b.Hash), filepath.Join(d.tmp(), asidePrefix+string(b.Hash))))
	d, err = NewDir(d.root)
	must(t, err)
	r, _, err := d.Open(context.Background(), b.Hash)
	must(t, err)
	must(t, r.Close())
	if n := unfinished(t, d); n != 0 {
		t.Errorf("%d files left aside", n)
	}
}

func TestDirConcurrentPuts(t *testing.T) {
	d := newTestDir(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			b, err := d.Put(context.Background(), strings.NewReader("same"), 10)
			if err != nil {
				t.Error(err)
				return
			}
			r, _, err := d.Open(context.Background(), b.Hash)
			if err != nil {
				t.Error(err)
				return
			}
			_ = r.Close()
		})
	}
	wg.Wait()
}
