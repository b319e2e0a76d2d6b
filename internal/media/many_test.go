package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

var errBurnt = errors.New("the site has burnt")

// hill is a directory that can burn down, or break in the middle of reading.
type hill struct {
	*Dir
	burnt   atomic.Bool
	breakAt atomic.Int64  // bytes after which reading fails; 0: never
	hold    chan struct{} // a Store waits for it; nil: none
}

func (s *hill) Store(ctx context.Context, b Blob, content io.ReaderAt) error {
	if s.hold != nil {
		<-s.hold
	}
	if s.burnt.Load() {
		return errBurnt
	}
	return s.Dir.Store(ctx, b, content)
}

func (s *hill) Stat(ctx context.Context, h Hash) (int64, error) {
	if s.burnt.Load() {
		return 0, errBurnt
	}
	return s.Dir.Stat(ctx, h)
}

func (s *hill) Open(ctx context.Context, h Hash) (io.ReadSeekCloser, int64, error) {
	if s.burnt.Load() {
		return nil, 0, errBurnt
	}
	r, size, err := s.Dir.Open(ctx, h)
	if at := s.breakAt.Load(); err == nil && at > 0 {
		r = &breaking{r, at}
	}
	return r, size, err
}

func (s *hill) Delete(ctx context.Context, h Hash, at time.Time) (bool, error) {
	if s.burnt.Load() {
		return false, errBurnt
	}
	return s.Dir.Delete(ctx, h, at)
}

func (s *hill) List(ctx context.Context) iter.Seq2[Blob, error] {
	if s.burnt.Load() {
		return func(yield func(Blob, error) bool) { yield(Blob{}, errBurnt) }
	}
	return s.Dir.List(ctx)
}

// breaking fails after some bytes.
type breaking struct {
	io.ReadSeekCloser
	left int64
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errBurnt
	}
	n, err := b.ReadSeekCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func newSites(t *testing.T, required, n int) (*Many, []*hill) {
	t.Helper()
	var sites []*hill
	o := ManyOptions{Required: required, Spool: filepath.Join(t.TempDir(), "spool"), Log: slog.New(slog.DiscardHandler)}
	for range n {
		s := &hill{Dir: newTestDir(t)}
		sites = append(sites, s)
		o.Targets = append(o.Targets, s)
	}
	m, err := NewMany(o)
	must(t, err)
	return m, sites
}

func hashOf(content string) Hash {
	sum := sha256.Sum256([]byte(content))
	return Hash(hex.EncodeToString(sum[:]))
}

func put(t *testing.T, b Blobs, content string) Hash {
	t.Helper()
	blob, err := b.Put(t.Context(), strings.NewReader(content), 1<<20)
	must(t, err)
	if blob != (Blob{hashOf(content), int64(len(content))}) {
		t.Fatalf("put %+v", blob)
	}
	return blob.Hash
}

func readAll(t *testing.T, b interface {
	Open(context.Context, Hash) (io.ReadSeekCloser, int64, error)
}, h Hash) string {
	t.Helper()
	r, size, err := b.Open(t.Context(), h)
	must(t, err)
	defer func() { must(t, r.Close()) }()
	got, err := io.ReadAll(r)
	must(t, err)
	if int64(len(got)) != size {
		t.Errorf("%d bytes of %d", len(got), size)
	}
	return string(got)
}

func TestManyNeedsEnoughStores(t *testing.T) {
	m, sites := newSites(t, 2, 3)
	h := put(t, m, "hello")
	sites[0].burnt.Store(true)
	second := put(t, m, "to the two that are left")
	if readAll(t, m, h) != "hello" || readAll(t, m, second) != "to the two that are left" {
		t.Error("read something else")
	}
	sites[1].burnt.Store(true)
	if _, err := m.Put(t.Context(), strings.NewReader("to one"), 100); !errors.Is(err, ErrStores) || !errors.Is(err, errBurnt) {
		t.Errorf("one of two required: %v", err)
	}
	if readAll(t, m, h) != "hello" {
		t.Error("read something else from the last")
	}
	sites[2].burnt.Store(true)
	if _, _, err := m.Open(t.Context(), h); !errors.Is(err, ErrStores) {
		t.Errorf("no store answers: %v", err)
	}
	for _, s := range sites {
		s.burnt.Store(false)
	}
	if _, _, err := m.Open(t.Context(), hashOf("never")); !errors.Is(err, ErrBlobNotFound) {
		t.Errorf("never put: %v", err)
	}
	if entries, err := os.ReadDir(m.Spool); err != nil || len(entries) > 0 {
		t.Errorf("left in the spool: %v %v", entries, err)
	}
}

// The acknowledgement does not wait for more stores than are required, and never comes before those.
func TestManyWaitsForTheRequired(t *testing.T) {
	m, sites := newSites(t, 2, 3)
	for _, s := range sites[1:] {
		s.hold = make(chan struct{})
	}
	acked := make(chan struct{})
	go func() {
		defer close(acked)
		_, _ = m.Put(context.Background(), strings.NewReader("hello"), 100)
	}()
	select {
	case <-acked:
		t.Fatal("acknowledged by one store")
	case sites[1].hold <- struct{}{}:
	}
	<-acked
	close(sites[2].hold)
}

func TestManyGoesOnReadingElsewhere(t *testing.T) {
	m, sites := newSites(t, 2, 2)
	content := strings.Repeat("0123456789", 1000)
	h := put(t, m, content)
	sites[0].breakAt.Store(1234)
	if readAll(t, m, h) != content {
		t.Error("read something else")
	}
	r, _, err := m.Open(t.Context(), h)
	must(t, err)
	at, err := r.Seek(-5, io.SeekEnd)
	must(t, err)
	rest, err := io.ReadAll(r)
	must(t, err)
	must(t, r.Close())
	if at != 9995 || string(rest) != "56789" {
		t.Errorf("at %d: %q", at, rest)
	}
}

func TestManyLimitsAndBrokenUploads(t *testing.T) {
	m, _ := newSites(t, 1, 1)
	if _, err := m.Put(t.Context(), strings.NewReader("12345"), 4); !errors.Is(err, ErrBlobTooLarge) {
		t.Errorf("too large: %v", err)
	}
	broken := io.MultiReader(strings.NewReader("12"), errReader{})
	if _, err := m.Put(t.Context(), broken, 10); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("broken off: %v", err)
	}
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// onSites is a service whose media are in several places.
func onSites(t *testing.T, url string, required, n int) (*fixture, *Many, []*hill) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{URL: url, Dir: t.TempDir(), Lanes: 1})
	must(t, err)
	t.Cleanup(st.Close)
	m, sites := newSites(t, required, n)
	m.Keep = Keep(st)
	f := &fixture{clock: time.Now()}
	f.Service = New(DefaultConfig(testServer), m, st, slog.New(slog.DiscardHandler))
	f.now = func() time.Time { return f.clock }
	return f, m, sites
}

func TestVerifyAndRepair(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		f, m, sites := onSites(t, url, 1, 2)
		ctx := t.Context()
		var uris []MXC
		for _, s := range []string{"one", "two", "three", "four"} {
			uris = append(uris, f.mustUpload(t, text(s)))
		}
		settle(t, m)
		must(t, os.Remove(sites[0].path(hashOf("one"))))
		must(t, os.WriteFile(sites[1].path(hashOf("two")), []byte("owt"), 0o600)) // same length
		must(t, os.WriteFile(sites[1].path(hashOf("three")), []byte("th"), 0o600))
		put(t, sites[0].Dir, "named by nobody")

		found := map[Hash][]BlobState{}
		note := func(h Hash, states []BlobState) { found[h] = states }
		report, err := m.Verify(ctx, f.store, VerifyOptions{Found: note})
		must(t, err)
		a, b := report.Stores[0], report.Stores[1]
		if report.Contents != 4 || report.Lost != 0 || a.Missing != 1 || a.Good != 3 || a.Unnamed != 1 || b.Wrong != 1 || b.Good != 3 || len(found) != 2 {
			t.Errorf("found %+v %v", report, found)
		}
		report, err = m.Verify(ctx, f.store, VerifyOptions{Deep: true, Repair: true})
		must(t, err)
		a, b = report.Stores[0], report.Stores[1]
		if a.Copied != 1 || b.Copied != 2 || a.Missing+a.Wrong+b.Missing+b.Wrong != 0 {
			t.Errorf("repaired %+v", report)
		}
		for _, s := range sites {
			for _, content := range []string{"one", "two", "three", "four"} {
				if readAll(t, s, hashOf(content)) != content {
					t.Errorf("%q is not repaired", content)
				}
			}
		}
		// A store that does not answer hides nothing of the other.
		sites[1].burnt.Store(true)
		must(t, os.Remove(sites[0].path(hashOf("one"))))
		report, err = m.Verify(ctx, f.store, VerifyOptions{Repair: true})
		must(t, err)
		if !errors.Is(report.Stores[1].Err, errBurnt) || report.Stores[0].Missing != 1 || report.Stores[1].Unknown != 4 {
			t.Errorf("with a burnt site: %+v", report)
		}
		_ = uris
	})
}

// settle waits until all stores have what was put.
func settle(t *testing.T, m *Many) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for _, target := range m.Targets {
		for n := 0; n != 4; {
			n = 0
			for range target.List(t.Context()) {
				n++
			}
			if time.Now().After(deadline) {
				t.Fatal("a store does not get all")
			}
		}
	}
}

func TestCatchUpAfterAnOutage(t *testing.T) {
	f, m, sites := onSites(t, "", 1, 2)
	sites[1].burnt.Store(true)
	uri := f.mustUpload(t, text("while one was away"))
	h, soon := hashOf("while one was away"), time.Now().Add(time.Hour)
	if m.behind.size() == 0 { // the failed store may have come second
		waitBehind(t, m)
	}
	if err := m.catchUp(t.Context(), f.store, soon); !errors.Is(err, ErrStores) {
		t.Errorf("while it is away: %v", err)
	}
	sites[1].burnt.Store(false)
	must(t, m.catchUp(t.Context(), f.store, soon))
	if _, behind := m.Stats(); behind != 0 || readAll(t, sites[1], h) != "while one was away" {
		t.Errorf("%d are behind", behind)
	}
	if f.read(t, uri) != "while one was away" {
		t.Error("read something else")
	}
}

func waitBehind(t *testing.T, m *Many) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); m.behind.size() == 0; {
		if time.Now().After(deadline) {
			t.Fatal("the failure was not noted")
		}
		time.Sleep(time.Millisecond)
	}
}

func TestUploadWithoutEnoughStores(t *testing.T) {
	f, _, sites := onSites(t, "", 2, 2)
	sites[0].burnt.Store(true)
	_, err := f.Upload(t.Context(), alice, text("x"))
	var mx *mxerr.Error
	if !errors.As(err, &mx) || mx.Status != 503 {
		t.Errorf("got %v, want 503", err)
	}
	sites[0].burnt.Store(false)
	uri := f.mustUpload(t, text("y"))
	sites[0].burnt.Store(true)
	sites[1].burnt.Store(true)
	if _, err := f.Open(t.Context(), uri, 0); !errors.As(err, &mx) || mx.Status != 503 {
		t.Errorf("reading without stores: got %v, want 503", err)
	}
}

// A content that is uploaded while it is being deleted waits, and is there afterwards.
func TestUploadDuringDeletion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		f, m, _ := onSites(t, url, 2, 2)
		ctx, h := t.Context(), string(hashOf("again"))
		now := time.Now().UnixMilli()
		must(t, f.store.Write(ctx, func(tx *store.Tx) error {
			if err := tx.PutMedia(ctx, store.Media{ID: "old", Hash: h, Size: 5, ExpiresTS: 1}); err != nil {
				return err
			}
			_, err := tx.ExpireMedia(ctx, now-int64(2*blobGrace/time.Millisecond), 10)
			return err
		}))
		if _, err := m.Put(ctx, strings.NewReader("again"), 10); err != nil {
			t.Fatal(err)
		}
		if claimed := f.claim(t, h, now-1); claimed {
			t.Error("what was just stored is deleted")
		}
		if !f.claim(t, h, time.Now().Add(time.Hour).UnixMilli()) {
			t.Fatal("what nobody names is not deleted")
		}
		put := make(chan error)
		go func() {
			_, err := m.Put(context.Background(), bytes.NewReader([]byte("again")), 10)
			put <- err
		}()
		select {
		case err := <-put:
			t.Fatalf("stored while it is being deleted: %v", err)
		case <-time.After(3 * keepPause):
		}
		gone, err := m.Delete(ctx, Hash(h), time.Now().Add(time.Hour))
		must(t, err)
		if !gone {
			t.Error("it is still there")
		}
		must(t, f.write(ctx, func(tx *store.Tx) error { return tx.ForgetGarbage(ctx, h, now) }))
		must(t, <-put)
		if readAll(t, m, Hash(h)) != "again" {
			t.Error("read something else")
		}
	})
}

func (f *fixture) claim(t *testing.T, hash string, before int64) (claimed bool) {
	t.Helper()
	must(t, f.write(t.Context(), func(tx *store.Tx) (err error) {
		claimed, err = tx.ClaimGarbage(t.Context(), hash, before)
		return err
	}))
	return claimed
}

func TestParseStore(t *testing.T) {
	for text, want := range map[string]S3Options{
		"s3://127.0.0.1:8333/media?tls=off":                               {Endpoint: "127.0.0.1:8333", Bucket: "media", Plain: true},
		"s3://s3.example.org/media/a/b?style=host&region=kr":              {Endpoint: "s3.example.org", Bucket: "media", Prefix: "a/b/", HostStyle: true, Region: "kr"},
		"s3://h/b-1.2?credentials=/etc/x.ini&profile=p&style=path&tls=on": {Endpoint: "h", Bucket: "b-1.2", CredentialsFile: "/etc/x.ini", Profile: "p"},
	} {
		if dir, got, err := ParseStore(text); err != nil || dir != "" || *got != want {
			t.Errorf("%s: %q %+v %v", text, dir, got, err)
		}
	}
	if dir, s3, err := ParseStore("/var/lib/media"); dir != "/var/lib/media" || s3 != nil || err != nil {
		t.Errorf("a folder: %q %v %v", dir, s3, err)
	}
	for _, text := range []string{
		"", "http://h/b", "s3://h", "s3:///b", "s3://h/B", "s3://key:secret@h/bucket", "s3://h/bucket?stile=path", "s3://h/bucket?tls=maybe", "s3://h/bucket#x",
		"s3://h:x/bucket",
	} {
		_, _, err := ParseStore(text)
		if err == nil {
			t.Errorf("%q is taken", text)
		} else if strings.Contains(err.Error(), "secret") && text != "" && strings.Contains(text, "secret") && strings.Contains(err.Error(), ":secret@") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
}
