package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/store"
)

func TestMediaIsVerifiedAndRepaired(t *testing.T) {
	data, ctx := t.TempDir(), t.Context()
	first, second := filepath.Join(data, "first"), filepath.Join(data, "second")
	st, err := store.Open(ctx, store.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.OnceMeta(ctx, "server_name", func() ([]byte, error) { return []byte("example.org"), nil }); err != nil {
		t.Fatal(err)
	}
	dir, err := media.NewDir(first)
	if err != nil {
		t.Fatal(err)
	}
	blob, err := dir.Put(ctx, strings.NewReader("hello"), 10)
	if err != nil {
		t.Fatal(err)
	}
	err = st.Write(ctx, func(tx *store.Tx) error {
		return tx.PutMedia(ctx, store.Media{ID: "m", Hash: string(blob.Hash), Size: blob.Size})
	})
	if err != nil {
		t.Fatal(err)
	}
	st.Close()

	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		p := &program{name: "bongsu", env: []string{"BONGSU_MEDIA_STORES=" + first + "," + second}, out: &out, errs: t.Output()}
		err := p.execute(context.Background(), append([]string{"media", "--data", data}, args...))
		return out.String(), err
	}
	if out, err := run("verify"); !errors.Is(err, errMediaWrong) || !strings.Contains(out, string(blob.Hash)+"  good  missing") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	if out, err := run("repair"); err != nil || !strings.Contains(out, string(blob.Hash)+"  good  repaired") || !strings.Contains(out, "1 files, of which 0 are in no store") {
		t.Errorf("repair: %v\n%s", err, out)
	}
	if out, err := run("verify", "--deep"); err != nil || strings.Contains(out, string(blob.Hash)) {
		t.Errorf("verify after repair: %v\n%s", err, out)
	}
	if left, err := filepath.Glob(filepath.Join(data, "media-repair-*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if err := os.RemoveAll(first); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(second); err != nil {
		t.Fatal(err)
	}
	if out, err := run("repair"); !errors.Is(err, errMediaWrong) || !strings.Contains(out, "of which 1 are in no store") {
		t.Errorf("with nothing left: %v\n%s", err, out)
	}
}
