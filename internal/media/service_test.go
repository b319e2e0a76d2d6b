package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/store"
	"bongsu.org/bongsu/internal/testdb"
)

const (
	testServer = "example.org"
	alice      = "@alice:example.org"
	bob        = "@bob:example.org"
)

// fixture is a service whose clock the test moves.
type fixture struct {
	*Service
	dir   *Dir
	clock time.Time
}

func newFixture(t *testing.T, o store.Options, change ...func(*Config)) *fixture {
	t.Helper()
	st, err := store.Open(context.Background(), o)
	must(t, err)
	t.Cleanup(st.Close)
	cfg := DefaultConfig(testServer)
	for _, c := range change {
		c(&cfg)
	}
	f := &fixture{dir: newTestDir(t), clock: time.Now()}
	f.Service = New(cfg, f.dir, st, slog.New(slog.DiscardHandler))
	f.now = func() time.Time { return f.clock }
	return f
}

func onSQLite(t *testing.T, change ...func(*Config)) *fixture {
	t.Helper()
	return newFixture(t, store.Options{Dir: t.TempDir()}, change...)
}

// onBoth runs a test on each kind of database.
func onBoth(t *testing.T, test func(t *testing.T, f *fixture)) {
	testdb.Each(t, func(t *testing.T, url string) {
		test(t, newFixture(t, store.Options{URL: url, Dir: t.TempDir(), Lanes: 1}))
	})
}

func text(s string) Upload {
	return Upload{Name: "a.txt", ContentType: "text/plain", Size: int64(len(s)), Body: strings.NewReader(s)}
}

func (f *fixture) mustUpload(t *testing.T, up Upload) MXC {
	t.Helper()
	uri, err := f.Upload(context.Background(), alice, up)
	must(t, err)
	return uri
}

func (f *fixture) read(t *testing.T, uri MXC) string {
	t.Helper()
	c, err := f.Open(context.Background(), uri, 0)
	must(t, err)
	defer func() { _ = c.Close() }()
	b, err := io.ReadAll(c)
	must(t, err)
	return string(b)
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if !mxerr.HasCode(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestUploadAndOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		uri := f.mustUpload(t, text("hello"))
		c, err := f.Open(context.Background(), uri, 0)
		must(t, err)
		must(t, c.Close())
		if c.Size != 5 || c.Name != "a.txt" || c.ContentType != "text/plain" {
			t.Errorf("got %+v", c)
		}
		if got := f.read(t, uri); got != "hello" {
			t.Errorf("got %q", got)
		}
		for _, bad := range []MXC{{testServer, "unknown"}, {"other.org", uri.ID}, {testServer, "../x"}} {
			_, err := f.Open(context.Background(), bad, 0)
			wantCode(t, err, mxerr.NotFound)
		}
	})
}

func TestCreateThenUpload(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		uri, expires, err := f.Create(ctx, alice)
		must(t, err)
		if want := f.clock.Add(24 * time.Hour); !expires.Equal(want) {
			t.Errorf("expires %v, want %v", expires, want)
		}
		_, err = f.Open(ctx, uri, 0)
		wantCode(t, err, mxerr.NotYetUploaded)
		wantCode(t, f.UploadTo(ctx, bob, uri, text("x")), mxerr.Forbidden)
		wantCode(t, f.UploadTo(ctx, alice, MXC{testServer, "nosuch"}, text("x")), mxerr.NotFound)
		wantCode(t, f.UploadTo(ctx, alice, MXC{"other.org", uri.ID}, text("x")), mxerr.NotFound)
		must(t, f.UploadTo(ctx, alice, uri, text("hello")))
		wantCode(t, f.UploadTo(ctx, alice, uri, text("again")), mxerr.CannotOverwriteMedia)
		if got := f.read(t, uri); got != "hello" {
			t.Errorf("got %q", got)
		}
		late, expires, err := f.Create(ctx, alice)
		must(t, err)
		f.clock = expires
		wantCode(t, f.UploadTo(ctx, alice, late, text("x")), mxerr.NotFound)
		_, err = f.Open(ctx, late, 0)
		wantCode(t, err, mxerr.NotFound)
		if got := f.read(t, uri); got != "hello" {
			t.Errorf("what was uploaded has expired: %q", got)
		}
	})
}

func TestConcurrentUploadsToOneID(t *testing.T) {
	f := onSQLite(t)
	ctx := context.Background()
	uri, _, err := f.Create(ctx, alice)
	must(t, err)
	results := make(chan error)
	for _, content := range []string{"one", "two", "three", "four"} {
		go func() { results <- f.UploadTo(ctx, alice, uri, text(content)) }()
	}
	won := 0
	for range 4 {
		if err := <-results; err == nil {
			won++
		} else {
			wantCode(t, err, mxerr.CannotOverwriteMedia)
		}
	}
	if won != 1 {
		t.Errorf("%d uploads won", won)
	}
}

func TestPendingLimit(t *testing.T) {
	f := onSQLite(t, func(c *Config) { c.MaxPending = 2 })
	ctx := context.Background()
	first, _, err := f.Create(ctx, alice)
	must(t, err)
	_, _, err = f.Create(ctx, alice)
	must(t, err)
	_, _, err = f.Create(ctx, alice)
	wantCode(t, err, mxerr.LimitExceeded)
	_, _, err = f.Create(ctx, bob)
	must(t, err)
	must(t, f.UploadTo(ctx, alice, first, text("x")))
	_, _, err = f.Create(ctx, alice)
	must(t, err)
}

func TestUploadLimits(t *testing.T) {
	limits := func(c *Config) {
		c.MaxUpload, c.UserQuota, c.AllowedTypes = 10, 15, []string{"text/*", "image/png"}
	}
	f := onSQLite(t, limits)
	ctx := context.Background()
	unannounced := func(s string) Upload {
		u := text(s)
		u.Size = -1
		return u
	}
	html := text("<p>")
	html.ContentType = "application/xhtml+xml"
	long := text("x")
	long.Name = strings.Repeat("x", maxName+1)
	broken := text("x")
	broken.Body = iotest.ErrReader(errors.New("connection reset"))
	for name, tt := range map[string]struct {
		up   Upload
		code string
	}{
		"announced too large":    {text("12345678901"), mxerr.TooLarge},
		"too large":              {unannounced("12345678901"), mxerr.TooLarge},
		"type":                   {html, mxerr.Forbidden},
		"file name":              {long, mxerr.InvalidParam},
		"broken off":             {broken, mxerr.Unknown},
		"parameters are allowed": {Upload{ContentType: "text/plain; charset=utf-8", Body: strings.NewReader("")}, ""},
	} {
		_, err := f.Upload(ctx, alice, tt.up)
		if tt.code == "" {
			must(t, err)
			continue
		}
		if !mxerr.HasCode(err, tt.code) {
			t.Errorf("%s: got %v, want %s", name, err, tt.code)
		}
	}
	f.mustUpload(t, unannounced("1234567890"))
	_, err := f.Upload(ctx, alice, text("123456")) // 16 in all
	wantCode(t, err, mxerr.Forbidden)
	f.mustUpload(t, text("12345"))
	_, err = f.Upload(ctx, alice, text("1"))
	wantCode(t, err, mxerr.Forbidden)
	if _, err := f.Upload(ctx, bob, text("1")); err != nil {
		t.Errorf("another user's quota: %v", err)
	}
}

// fullDisk is a blob store without room.
type fullDisk struct{ Blobs }

func (fullDisk) Put(context.Context, io.Reader, int64) (Blob, error) {
	return Blob{}, fmt.Errorf("writing a blob: %w", syscall.ENOSPC)
}

func TestUploadToFullDisk(t *testing.T) {
	f := onSQLite(t)
	f.blobs = fullDisk{f.dir}
	_, err := f.Upload(context.Background(), alice, text("hello"))
	var mx *mxerr.Error
	if !errors.As(err, &mx) || mx.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v", err)
	}
}

// TestOpenWaitsForUpload: the download is answered by the upload that comes while it waits.
func TestOpenWaitsForUpload(t *testing.T) {
	f := onSQLite(t)
	ctx := context.Background()
	uri, _, err := f.Create(ctx, alice)
	must(t, err)
	type result struct {
		content *Content
		err     error
	}
	got := make(chan result)
	go func() {
		c, err := f.Open(ctx, uri, MaxWait)
		got <- result{c, err}
	}()
	must(t, f.UploadTo(ctx, alice, uri, text("hello")))
	r := <-got
	must(t, r.err)
	must(t, r.content.Close())
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiters) != 0 {
		t.Errorf("%d waiters left", len(f.waiters))
	}
}

func TestThumbnail(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		picture := pngOf(t, gradient(400, 300))
		// What the uploader says about the content does not matter.
		uri := f.mustUpload(t, Upload{ContentType: "text/plain", Size: -1, Body: bytes.NewReader(picture)})
		for range 2 { // made, then found
			c, err := f.Thumbnail(ctx, uri, ThumbnailRequest{Size: Size{90, 90, Crop}}, 0)
			must(t, err)
			b, err := io.ReadAll(c)
			must(t, err)
			must(t, c.Close())
			if c.ContentType != typeJPEG || c.Name != "thumbnail.jpeg" || int64(len(b)) != c.Size || sniffImage(b) != typeJPEG {
				t.Errorf("got %s %s, %d of %d bytes", c.ContentType, c.Name, len(b), c.Size)
			}
		}
		c, err := f.Thumbnail(ctx, uri, ThumbnailRequest{Size: Size{5000, 5000, Crop}}, 0)
		must(t, err)
		must(t, c.Close())
		if c.ContentType != typePNG || c.Size != int64(len(picture)) {
			t.Errorf("larger than the original: got %d bytes of %s", c.Size, c.ContentType)
		}
		noImage := f.mustUpload(t, text("hello"))
		_, err = f.Thumbnail(ctx, noImage, ThumbnailRequest{Size: Size{90, 90, Crop}}, 0)
		wantCode(t, err, mxerr.Unknown)
		bomb := f.mustUpload(t, Upload{ContentType: typePNG, Size: -1, Body: bytes.NewReader(pngHeader(60000, 60000))})
		_, err = f.Thumbnail(ctx, bomb, ThumbnailRequest{Size: Size{90, 90, Crop}}, 0)
		wantCode(t, err, mxerr.TooLarge)
		empty := f.mustUpload(t, text(""))
		_, err = f.Thumbnail(ctx, empty, ThumbnailRequest{Size: Size{90, 90, Crop}}, 0)
		wantCode(t, err, mxerr.Unknown)
	})
}

func TestThumbnailVariantsAreBounded(t *testing.T) {
	f := onSQLite(t)
	uri := f.mustUpload(t, Upload{ContentType: typePNG, Size: -1, Body: bytes.NewReader(pngOf(t, gradient(200, 200)))})
	for i := range maxKeptThumbnails + 5 {
		c, err := f.Thumbnail(context.Background(), uri, ThumbnailRequest{Size: Size{96, 96 - i, Crop}}, 0)
		must(t, err)
		must(t, c.Close())
	}
	m, err := f.lookUp(context.Background(), uri.ID)
	must(t, err)
	must(t, f.store.Read(context.Background(), func(tx *store.Tx) error {
		n, err := tx.CountThumbnails(context.Background(), m.Hash)
		if n != maxKeptThumbnails {
			t.Errorf("%d kept", n)
		}
		return err
	}))
}

func TestQuarantine(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		a, b, other := f.mustUpload(t, text("bad")), f.mustUpload(t, text("bad")), f.mustUpload(t, text("good"))
		must(t, f.Quarantine(ctx, a.ID, true))
		for _, uri := range []MXC{a, b} {
			_, err := f.Open(ctx, uri, 0)
			wantCode(t, err, mxerr.NotFound)
		}
		f.read(t, other)
		must(t, f.Quarantine(ctx, b.ID, false))
		f.read(t, a)
		wantCode(t, f.Quarantine(ctx, "unknown", true), mxerr.NotFound)
	})
}

func TestSweep(t *testing.T) {
	onBoth(t, func(t *testing.T, f *fixture) {
		ctx := context.Background()
		kept := f.mustUpload(t, text("hello"))
		_, _, err := f.Create(ctx, alice)
		must(t, err)
		alone, err := f.storePicture(ctx, pngOf(t, gradient(400, 400)), typePNG)
		must(t, err)
		c, err := f.Thumbnail(ctx, alone, ThumbnailRequest{Size: Size{32, 32, Crop}}, 0)
		must(t, err)
		must(t, c.Close())
		_, err = f.storePicture(ctx, []byte("hello"), typePNG) // the same bytes as what a user uploaded
		must(t, err)
		picture, err := f.lookUp(ctx, alone.ID)
		must(t, err)

		f.clock = f.clock.Add(f.cfg.PreviewImageLifetime)
		must(t, f.Sweep(ctx))
		_, err = f.Open(ctx, alone, 0)
		wantCode(t, err, mxerr.NotFound)
		if _, _, err := f.blobs.Open(ctx, Hash(picture.Hash)); err != nil {
			t.Errorf("deleted within the grace: %v", err)
		}
		for range 2 { // the picture, then its thumbnail
			f.clock = f.clock.Add(blobGrace + time.Minute)
			must(t, f.Sweep(ctx))
		}
		for _, hash := range []Hash{Hash(picture.Hash), c.Hash} {
			if _, _, err := f.blobs.Open(ctx, hash); !errors.Is(err, ErrBlobNotFound) {
				t.Errorf("not deleted: %v", err)
			}
		}
		if got := f.read(t, kept); got != "hello" {
			t.Errorf("a user's upload is gone: %q", got)
		}
	})
}

func TestTidy(t *testing.T) {
	for in, want := range map[string]string{
		"": unknownType, "nonsense": unknownType, "image/png": "image/png", "text/plain; charset=utf-8": "text/plain; charset=utf-8",
		"text/plain; =": unknownType, "a/" + strings.Repeat("b", 300): unknownType,
	} {
		if got := tidyContentType(in); got != want {
			t.Errorf("type %q: got %q", in, got)
		}
	}
	for in, want := range map[string]string{"봉수.png": "봉수.png", "a\x00\r\nb": "ab", "\xff": "\ufffd"} {
		if got := tidyName(in); got != want {
			t.Errorf("name %q: got %q", in, got)
		}
	}
}
