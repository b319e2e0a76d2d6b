package media

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
)

// site is a web site on a private address that counts its requests.
type site struct {
	*httptest.Server
	hits atomic.Int64
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, body)
	}
	picture := pngOf(t, gradient(40, 30))
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<title>T</title><meta property="og:image" content="/i.png"><meta property="og:image:width" content="9999">`)
	})
	mux.HandleFunc("/nopicture", func(w http.ResponseWriter, _ *http.Request) {
		page(w, `<title>T</title><meta property="og:image" content="/gone.png">`)
	})
	mux.HandleFunc("/i.png", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(picture) })
	mux.HandleFunc("/big.png", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(append(bytes.Clone(picture), make([]byte, 1<<20)...))
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "plain") })
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/page", http.StatusFound) })
	mux.HandleFunc("/loop/", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/loop/"))
		http.Redirect(w, r, fmt.Sprintf("/loop/%d", n+1), http.StatusFound)
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(302)
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte("<p>" + strings.Repeat("x", 1<<16))); err != nil {
				return
			}
		}
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.hits.Add(1)
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func allowPrivate(c *Config) { c.AllowPrivateAddresses, c.PreviewMaxSize = true, 1<<20 }

func (f *fixture) preview(t *testing.T, url string) map[string]any {
	t.Helper()
	body, err := f.Preview(context.Background(), url)
	must(t, err)
	var out map[string]any
	must(t, json.Unmarshal(body, &out))
	return out
}

func TestPreviewPage(t *testing.T) {
	f, web := onSQLite(t, allowPrivate), newSite(t)
	for _, path := range []string{"/page", "/moved"} {
		got := f.preview(t, web.URL+path)
		uri, err := ParseMXC(got["og:image"].(string))
		must(t, err)
		picture := f.read(t, uri)
		if sniffImage([]byte(picture)) != typePNG || got["matrix:image:size"] != float64(len(picture)) {
			t.Errorf("%s: picture of %v bytes, have %d", path, got["matrix:image:size"], len(picture))
		}
		if got["og:title"] != "T" || got["og:image:type"] != typePNG || got["og:image:width"] != 40.0 || got["og:image:height"] != 30.0 {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestPreviewOther(t *testing.T) {
	f, web := onSQLite(t, allowPrivate), newSite(t)
	if got := f.preview(t, web.URL+"/nopicture"); len(got) != 1 || got["og:title"] != "T" {
		t.Errorf("page without its picture: %v", got)
	}
	if got := f.preview(t, web.URL+"/i.png"); got["og:image"] == nil || got["og:image:width"] != 40.0 {
		t.Errorf("picture: %v", got)
	}
	for _, path := range []string{"/text", "/big.png", "/endless"} {
		if got := f.preview(t, web.URL+path); len(got) != 0 {
			t.Errorf("%s: %v", path, got)
		}
	}
	for _, path := range []string{"/loop/0", "/missing", "/file"} {
		_, err := f.Preview(context.Background(), web.URL+path)
		wantCode(t, err, mxerr.Unknown)
	}
	for _, url := range []string{"", "example.org", "ftp://example.org/", "file:///etc/passwd", "http://", "http://user:pw@example.org/", "javascript:alert(1)"} {
		_, err := f.Preview(context.Background(), url)
		wantCode(t, err, mxerr.InvalidParam)
	}
}

func TestPreviewIsCached(t *testing.T) {
	f, web := onSQLite(t, allowPrivate), newSite(t)
	for range 3 {
		f.preview(t, web.URL+"/text#fragment")
		_, err := f.Preview(context.Background(), web.URL+"/missing")
		wantCode(t, err, mxerr.Unknown)
	}
	if n := web.hits.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
	f.clock = f.clock.Add(f.cfg.PreviewLifetime + time.Second)
	f.preview(t, web.URL+"/text")
	if n := web.hits.Load(); n != 3 {
		t.Errorf("%d requests after expiry", n)
	}
}

func TestPreviewGuard(t *testing.T) {
	f, web := onSQLite(t), newSite(t)
	for _, url := range []string{web.URL + "/page", strings.Replace(web.URL, "127.0.0.1", "localhost", 1), "http://169.254.169.254/latest/meta-data"} {
		_, err := f.Preview(context.Background(), url)
		wantCode(t, err, mxerr.Forbidden)
	}
	if n := web.hits.Load(); n != 0 {
		t.Errorf("%d requests got through", n)
	}
	off := onSQLite(t, func(c *Config) { c.Previews = false })
	_, err := off.Preview(context.Background(), web.URL)
	wantCode(t, err, mxerr.NotFound)
}
