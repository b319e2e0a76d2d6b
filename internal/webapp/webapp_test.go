package webapp

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func newApp(t *testing.T) *App {
	t.Helper()
	a, err := New(fstest.MapFS{
		".keep":               {Data: []byte("kept")},
		"index.html":          {Data: []byte("<!doctype html><title>the page</title>")},
		"sw.js":               {Data: []byte("worker()")},
		"assets/main-abc.js":  {Data: []byte(strings.Repeat("run();", 100))},
		"assets/lib-def.wasm": {Data: []byte("\x00asm")},
	}, []string{"https://a.example.org", "http://127.0.0.1:8009/"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func get(t *testing.T, a *App, path string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func TestWhatTheClientOwns(t *testing.T) {
	a := newApp(t)
	for path, want := range map[string]bool{
		"/": true, "/app": true, "/app/": true, "/app/r/!room:example.org": true, "/sw.js": true, "/assets/main-abc.js": true,
		"/assets/none.js": false, "/apple": false, "/_matrix/client/versions": false, "/_bongsu/app/": false, "/health/live": false,
		"/.well-known/matrix/client": false, "/.keep": false, "/../secret": false,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.URL.Path = path
		if got := a.Owns(r); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	if a.Owns(httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)) {
		t.Error("a POST is the client's")
	}
}

func TestHeaders(t *testing.T) {
	a := newApp(t)
	for _, test := range []struct{ path, contentType, cache string }{
		{"/app/settings", "text/html; charset=utf-8", "no-cache"},
		{"/sw.js", "text/javascript; charset=utf-8", "no-cache"},
		{"/assets/main-abc.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		{"/assets/lib-def.wasm", "application/wasm", "public, max-age=31536000, immutable"},
	} {
		h := get(t, a, test.path).Header()
		if got := h.Get("Content-Type"); got != test.contentType {
			t.Errorf("%s: type %q, want %q", test.path, got, test.contentType)
		}
		if got := h.Get("Cache-Control"); got != test.cache {
			t.Errorf("%s: cache %q, want %q", test.path, got, test.cache)
		}
		policy := h.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "'unsafe-eval'") {
			t.Errorf("%s: policy %s", test.path, policy)
		}
		if !strings.Contains(policy, "connect-src 'self' https: blob: http://127.0.0.1:8009;") {
			t.Errorf("%s: the entrances are not in the policy: %s", test.path, policy)
		}
	}
}

func TestWhatIsTheSameIsNotSentAgain(t *testing.T) {
	a := newApp(t)
	first := get(t, a, "/")
	if again := get(t, a, "/", "If-None-Match", first.Header().Get("Etag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("got %d, %d bytes", again.Code, again.Body.Len())
	}
}

func TestCompression(t *testing.T) {
	a := newApp(t)
	plain := get(t, a, "/assets/main-abc.js")
	zipped := get(t, a, "/assets/main-abc.js", "Accept-Encoding", "gzip, br")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Body.Len() >= plain.Body.Len() {
		t.Fatalf("got %d bytes, %v", zipped.Body.Len(), zipped.Header())
	}
	r, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != plain.Body.String() {
		t.Errorf("got %q", got)
	}
}

func TestAClientWithoutItsPageIsRefused(t *testing.T) {
	if _, err := New(fstest.MapFS{"sw.js": {Data: []byte("worker()")}}, nil); err == nil {
		t.Error("no error")
	}
}
