package media

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
)

// weed is a running SeaweedFS with its S3 gateway: what one data centre has.
type weed struct {
	t      *testing.T
	binary string
	dir    string
	ports  []string
	cmd    *exec.Cmd
}

const (
	weedKey    = "the-key"
	weedSecret = "the-secret-of-the-key"
	weedBucket = "media"
)

// findWeed is the program, which tools/weed pins.
func findWeed(t *testing.T) string {
	t.Helper()
	const cached = "../../.cache/weed"
	if path, err := filepath.Abs(cached); err == nil {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath("weed")
	if err != nil {
		t.Fatal("SeaweedFS is not there: build it with `make .cache/weed`")
	}
	return path
}

func newWeed(t *testing.T) *weed {
	t.Helper()
	w := &weed{t: t, binary: findWeed(t), dir: t.TempDir()}
	for range 8 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer func() { must(t, l.Close()) }()
		w.ports = append(w.ports, strconv.Itoa(l.Addr().(*net.TCPAddr).Port)) //nolint:forcetypeassert // a TCP listener's
	}
	t.Cleanup(w.kill)
	return w
}

func (w *weed) endpoint() string { return "127.0.0.1:" + w.ports[6] }

// start runs the server, and waits until it serves.
func (w *weed) start() {
	w.t.Helper()
	config := filepath.Join(w.dir, "s3.json")
	must(w.t, os.WriteFile(config, fmt.Appendf(nil, `{"identities":[{"name":"bongsu","credentials":[{"accessKey":%q,"secretKey":%q}],
		"actions":["Admin","Read","Write","List"]}]}`, weedKey, weedSecret), 0o600))
	data := filepath.Join(w.dir, "data")
	must(w.t, os.MkdirAll(data, 0o700))
	p := w.ports
	w.cmd = exec.Command(w.binary, "server", "-dir="+data, "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
		"-master.port="+p[0], "-master.port.grpc="+p[1], "-volume.port="+p[2], "-volume.port.grpc="+p[3], "-volume.max=30",
		"-master.volumeSizeLimitMB=64", "-filer", "-filer.port="+p[4], "-filer.port.grpc="+p[5],
		"-s3", "-s3.port="+p[6], "-s3.port.grpc="+p[7], "-s3.port.iceberg=0", "-s3.config="+config)
	w.cmd.Dir = w.dir
	must(w.t, w.cmd.Start())
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	client := w.client()
	for {
		err := client.MakeBucket(ctx, weedBucket, minio.MakeBucketOptions{})
		if code := minio.ToErrorResponse(err).Code; err == nil || code == "BucketAlreadyOwnedByYou" || code == "BucketAlreadyExists" {
			break
		}
		if ctx.Err() != nil {
			w.t.Fatalf("SeaweedFS does not serve: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	// It serves when it takes something, too.
	for {
		_, err := client.PutObject(ctx, weedBucket, "first", strings.NewReader("x"), 1, minio.PutObjectOptions{})
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			w.t.Fatalf("SeaweedFS takes nothing: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	must(w.t, client.RemoveObject(ctx, weedBucket, "first", minio.RemoveObjectOptions{}))
}

// kill ends the server as a fire does.
func (w *weed) kill() {
	if w.cmd == nil || w.cmd.Process == nil {
		return
	}
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait()
	w.cmd = nil
}

// burn ends the server and leaves nothing of what it had.
func (w *weed) burn() {
	w.t.Helper()
	w.kill()
	must(w.t, os.RemoveAll(filepath.Join(w.dir, "data")))
}

func (w *weed) client() *minio.Client {
	w.t.Helper()
	s, ok := w.target().(*S3)
	if !ok {
		w.t.Fatal("not a bucket")
	}
	return s.client
}

func (w *weed) target() Target {
	w.t.Helper()
	file := filepath.Join(w.dir, "credentials.ini")
	must(w.t, os.WriteFile(file, []byte("[site]\naws_access_key_id = "+weedKey+"\naws_secret_access_key = "+weedSecret+"\n"), 0o600))
	targets, err := OpenTargets([]string{
		"s3://" + w.endpoint() + "/" + weedBucket + "/m?tls=off&region=us-east-1&profile=site&credentials=" + file,
	}, nil)
	must(w.t, err)
	return targets[0]
}

// onWeeds is a service on two SeaweedFS.
func onWeeds(t *testing.T) (f *fixture, m *Many, sites []*weed) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Lanes: 1})
	must(t, err)
	t.Cleanup(st.Close)
	o := ManyOptions{Required: 2, Spool: filepath.Join(t.TempDir(), "spool"), Keep: Keep(st), Log: slog.New(slog.DiscardHandler)}
	for range 2 {
		w := newWeed(t)
		w.start()
		sites = append(sites, w)
		o.Targets = append(o.Targets, w.target())
	}
	m, err = NewMany(o)
	must(t, err)
	f = &fixture{clock: time.Now()}
	f.Service = New(DefaultConfig(testServer), m, st, slog.New(slog.DiscardHandler))
	f.now = func() time.Time { return f.clock }
	return f, m, sites
}

func TestPictureOpensAfterTheFire(t *testing.T) {
	f, m, sites := onWeeds(t)
	ctx := t.Context()
	contents := map[MXC]string{}
	for _, size := range []int{0, 1, 100_000, 5 << 20, 40 << 20} { // the last comes in parts
		content := make([]byte, size)
		_, err := rand.Read(content)
		must(t, err)
		contents[f.mustUpload(t, Upload{Size: int64(size), Body: bytes.NewReader(content)})] = string(content)
	}
	check := func(when string) {
		t.Helper()
		for uri, content := range contents {
			if got := f.read(t, uri); got != content {
				t.Errorf("%s, %d bytes of %d are read, or others", when, len(got), len(content))
			}
		}
	}
	check("before")

	// The first site burns; pictures of a moment before open from the other, parts of them, too.
	sites[0].burn()
	check("after the fire")
	for uri, content := range contents {
		if len(content) < 100 {
			continue
		}
		c, err := f.Open(ctx, uri, 0)
		must(t, err)
		_, err = c.Seek(-50, io.SeekEnd)
		must(t, err)
		tail, err := io.ReadAll(c)
		must(t, err)
		must(t, c.Close())
		if string(tail) != content[len(content)-50:] {
			t.Error("the end of a picture is another")
		}
	}
	var mx *mxerr.Error
	if _, err := f.Upload(ctx, alice, text("to one site")); !errors.As(err, &mx) || mx.Status != http.StatusServiceUnavailable {
		t.Errorf("one site of two took an upload: %v", err)
	}

	// It comes back empty, and is filled; then the other may burn.
	sites[0].start()
	report, err := m.Verify(ctx, f.store, VerifyOptions{Repair: true, Deep: true})
	must(t, err)
	if a := report.Stores[0]; a.Copied != len(contents) || a.Err != nil || report.Lost != 0 {
		t.Errorf("repaired: %+v", report)
	}
	contents[f.mustUpload(t, text("after the return"))] = "after the return"
	sites[1].burn()
	check("after the second fire")
}

func TestS3Target(t *testing.T) {
	w := newWeed(t)
	w.start()
	target, ctx := w.target(), t.Context()
	var want []Hash
	for i := range 25 {
		content := fmt.Sprintf("content %d", i)
		blob := Blob{hashOf(content), int64(len(content))}
		for range 2 { // the same again does no harm
			must(t, target.Store(ctx, blob, strings.NewReader(content)))
		}
		if readAll(t, target, blob.Hash) != content {
			t.Errorf("%q is read otherwise", content)
		}
		want = append(want, blob.Hash)
	}
	var last Hash
	n := 0
	for blob, err := range target.List(ctx) {
		must(t, err)
		if blob.Hash <= last {
			t.Errorf("%s comes after %s", blob.Hash, last)
		}
		last = blob.Hash
		n++
	}
	if n != len(want) {
		t.Errorf("%d are listed of %d", n, len(want))
	}
	never := hashOf("never")
	if _, _, err := target.Open(ctx, never); !errors.Is(err, ErrBlobNotFound) {
		t.Errorf("opening what is not there: %v", err)
	}
	if _, err := target.Stat(ctx, never); !errors.Is(err, ErrBlobNotFound) {
		t.Errorf("looking for what is not there: %v", err)
	}
	for _, c := range []struct {
		hash   Hash
		unless time.Time
		gone   bool
	}{{never, time.Now(), true}, {want[0], time.Now().Add(-time.Hour), false}, {want[0], time.Now().Add(time.Hour), true}, {want[0], time.Now(), true}} {
		if gone, err := target.Delete(ctx, c.hash, c.unless); err != nil || gone != c.gone {
			t.Errorf("deleting: %v %v", gone, err)
		}
	}

	// Another's keys, and a bucket that is not there, are failures and no missing blobs.
	file := filepath.Join(t.TempDir(), "wrong.ini")
	must(t, os.WriteFile(file, []byte("[default]\naws_access_key_id = x\naws_secret_access_key = y\n"), 0o600))
	for _, place := range []string{
		"s3://" + w.endpoint() + "/" + weedBucket + "?tls=off&region=us-east-1&credentials=" + file,
		"s3://127.0.0.1:1/" + weedBucket + "?tls=off&region=us-east-1&credentials=" + file,
	} {
		targets, err := OpenTargets([]string{place}, nil)
		must(t, err)
		if _, _, err := targets[0].Open(ctx, want[1]); err == nil || errors.Is(err, ErrBlobNotFound) {
			t.Errorf("%s: %v", place, err)
		}
	}
}
