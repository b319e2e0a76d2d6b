package clientapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/testdb"
)

// mediaServer is a test server with a media store, called with headers and bodies that are not JSON.
type mediaServer struct{ *testServer }

func newMediaServer(t *testing.T, url string, change ...func(*media.Config)) mediaServer {
	t.Helper()
	s := newTestServer(t, url)
	dir, err := media.NewDir(filepath.Join(t.TempDir(), "media"))
	if err != nil {
		t.Fatal(err)
	}
	cfg := media.DefaultConfig("example.org")
	for _, c := range change {
		c(&cfg)
	}
	s.api.Media = media.New(cfg, dir, s.api.Store, slog.New(slog.DiscardHandler))
	return mediaServer{s}
}

// do sends a request; header is name, value, name, value, …
func (s mediaServer) do(token, method, path string, body []byte, header ...string) *http.Response {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, bytes.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w.Result()
}

func (s mediaServer) body(resp *http.Response) string {
	s.t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

func (s mediaServer) wantError(resp *http.Response, status int, code string) {
	s.t.Helper()
	body := s.body(resp)
	if resp.StatusCode != status || gjson.Get(body, "errcode").Str != code {
		s.t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, status, code)
	}
}

// upload stores a content and gives the part of its URI after mxc://.
func (s mediaServer) upload(content []byte, contentType, name string) string {
	s.t.Helper()
	resp := s.do(s.user("alice").token, "POST", "/_matrix/media/v3/upload?filename="+url.QueryEscape(name), content, "Content-Type", contentType)
	body := s.body(resp)
	uri, ok := strings.CutPrefix(gjson.Get(body, "content_uri").Str, "mxc://")
	if resp.StatusCode != http.StatusOK || !ok {
		s.t.Fatalf("upload: %d %s", resp.StatusCode, body)
	}
	return uri
}

const currentMedia = "/_matrix/client/v1/media"

func TestDownload(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newMediaServer(t, url)
		alice := s.user("alice").token
		uri := s.upload([]byte("hello"), "text/plain; charset=utf-8", "봉수 \"1\".txt")
		resp := s.do(alice, "GET", currentMedia+"/download/"+uri, nil)
		if resp.StatusCode != http.StatusOK || s.body(resp) != "hello" {
			t.Errorf("got %d", resp.StatusCode)
		}
		for name, want := range map[string]string{
			"Content-Type":                 "text/plain; charset=utf-8",
			"Content-Security-Policy":      "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"X-Content-Type-Options":       "nosniff",
			"Cache-Control":                "private, max-age=31536000, immutable",
			"Content-Length":               "5",
			"Access-Control-Allow-Origin":  "*",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Disposition"))
		if err != nil || kind != "inline" || params["filename"] != "봉수 \"1\".txt" {
			t.Errorf("disposition %q %v %v", kind, params, err)
		}

		resp = s.do(alice, "GET", currentMedia+"/download/"+uri+"/other%20name.txt", nil)
		if got := resp.Header.Get("Content-Disposition"); got != `inline; filename="other name.txt"` {
			t.Errorf("disposition with a name in the path: %s", got)
		}
		resp = s.do(alice, "GET", currentMedia+"/download/"+uri, nil, "Range", "bytes=1-2")
		if got := s.body(resp); resp.StatusCode != http.StatusPartialContent || got != "el" {
			t.Errorf("range: %d %q", resp.StatusCode, got)
		}
		resp = s.do(alice, "GET", currentMedia+"/download/"+uri, nil, "If-None-Match", resp.Header.Get("Etag"))
		if resp.StatusCode != http.StatusNotModified {
			t.Errorf("same tag: %d", resp.StatusCode)
		}
	})
}

func TestDownloadAuthentication(t *testing.T) {
	s := newMediaServer(t, "")
	alice := s.user("alice").token
	uri := s.upload([]byte("hello"), "text/plain", "")
	s.wantError(s.do("", "GET", currentMedia+"/download/"+uri, nil), http.StatusUnauthorized, "M_MISSING_TOKEN")
	s.wantError(s.do("", "GET", currentMedia+"/thumbnail/"+uri+"?width=1&height=1", nil), http.StatusUnauthorized, "M_MISSING_TOKEN")
	s.wantError(s.do("", "GET", currentMedia+"/config", nil), http.StatusUnauthorized, "M_MISSING_TOKEN")
	s.wantError(s.do("", "POST", "/_matrix/media/v3/upload", nil), http.StatusUnauthorized, "M_MISSING_TOKEN")
	for _, version := range []string{"v3", "r0", "v1"} {
		resp := s.do("", "GET", "/_matrix/media/"+version+"/download/"+uri+"?allow_redirect=true&allow_remote=false", nil)
		if got := s.body(resp); resp.StatusCode != http.StatusOK || got != "hello" {
			t.Errorf("%s: %d %q", version, resp.StatusCode, got)
		}
	}
	s.api.FreezeOldMedia = true
	s.wantError(s.do("", "GET", "/_matrix/media/v3/download/"+uri, nil), http.StatusNotFound, "M_NOT_FOUND")
	if resp := s.do(alice, "GET", currentMedia+"/download/"+uri, nil); resp.StatusCode != http.StatusOK {
		t.Errorf("with a token: %d", resp.StatusCode)
	}
}

func TestDownloadUnknown(t *testing.T) {
	s := newMediaServer(t, "")
	alice := s.user("alice").token
	for _, uri := range []string{"example.org/unknown", "other.example/abc", "example.org/..%2f..%2fetc", "example.org/a.b", "%2e%2e/x"} {
		s.wantError(s.do(alice, "GET", currentMedia+"/download/"+uri, nil), http.StatusNotFound, "M_NOT_FOUND")
	}
	s.wantError(s.do(alice, "GET", currentMedia+"/download/example.org/a?timeout_ms=x", nil), http.StatusBadRequest, "M_INVALID_PARAM")
}

func TestAsyncUpload(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := newMediaServer(t, url, func(c *media.Config) { c.MaxPending = 1 })
		alice, bob := s.user("alice").token, s.user("bob").token
		created := s.body(s.do(alice, "POST", "/_matrix/media/v1/create", nil))
		uri := strings.TrimPrefix(gjson.Get(created, "content_uri").Str, "mxc://")
		if gjson.Get(created, "unused_expires_at").Int() == 0 {
			t.Errorf("created %s", created)
		}
		s.wantError(s.do(alice, "POST", "/_matrix/media/v1/create", nil), http.StatusTooManyRequests, "M_LIMIT_EXCEEDED")
		s.wantError(s.do(bob, "GET", currentMedia+"/download/"+uri+"?timeout_ms=0", nil), http.StatusGatewayTimeout, "M_NOT_YET_UPLOADED")
		put := "/_matrix/media/v3/upload/" + uri
		s.wantError(s.do(bob, "PUT", put, []byte("x")), http.StatusForbidden, "M_FORBIDDEN")
		s.wantError(s.do(alice, "PUT", put+"x", []byte("x")), http.StatusNotFound, "M_NOT_FOUND")
		resp := s.do(alice, "PUT", put+"?filename=a.bin", []byte("hello"))
		if body := s.body(resp); resp.StatusCode != http.StatusOK || body != "{}" {
			t.Errorf("got %d %s", resp.StatusCode, body)
		}
		s.wantError(s.do(alice, "PUT", put, []byte("again")), http.StatusConflict, "M_CANNOT_OVERWRITE_MEDIA")
		resp = s.do(bob, "GET", currentMedia+"/download/"+uri, nil)
		if body := s.body(resp); body != "hello" || resp.Header.Get("Content-Type") != "application/octet-stream" ||
			resp.Header.Get("Content-Disposition") != "attachment; filename=a.bin" {
			t.Errorf("got %q %v", body, resp.Header)
		}
	})
}

func TestUploadTooLarge(t *testing.T) {
	s := newMediaServer(t, "", func(c *media.Config) { c.MaxUpload = 4 })
	alice := s.user("alice").token
	s.wantError(s.do(alice, "POST", "/_matrix/media/v3/upload", []byte("12345")), http.StatusRequestEntityTooLarge, "M_TOO_LARGE")
	var config map[string]int64
	for _, path := range []string{currentMedia, "/_matrix/media/v3", "/_matrix/media/r0"} {
		if err := json.Unmarshal([]byte(s.body(s.do(alice, "GET", path+"/config", nil))), &config); err != nil || config["m.upload.size"] != 4 {
			t.Errorf("%s: %v %v", path, config, err)
		}
	}
}

// TestMediaOverConnection uses one real connection again and again, whose deadlines the transfers move.
func TestMediaOverConnection(t *testing.T) {
	s := newMediaServer(t, "", func(c *media.Config) { c.MaxUpload = 4 << 20 })
	alice := s.user("alice").token
	srv := httptest.NewServer(s.api)
	defer srv.Close()
	send := func(method, path string, body []byte) (int, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+alice)
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		out, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, out
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<17)
	for range 3 {
		status, out := send("POST", "/_matrix/media/v3/upload", content)
		uri := strings.TrimPrefix(gjson.GetBytes(out, "content_uri").Str, "mxc://")
		if status != http.StatusOK {
			t.Fatalf("upload: %d %s", status, out)
		}
		if status, out = send("GET", currentMedia+"/download/"+uri, nil); status != http.StatusOK || !bytes.Equal(out, content) {
			t.Fatalf("download: %d, %d bytes", status, len(out))
		}
		if status, out = send("POST", "/_matrix/media/v3/upload", bytes.Repeat(content, 2)); status != http.StatusOK {
			t.Fatalf("largest upload: %d %s", status, out)
		}
	}
}

func TestThumbnailEndpoint(t *testing.T) {
	s := newMediaServer(t, "")
	alice := s.user("alice").token
	m := image.NewNRGBA(image.Rect(0, 0, 500, 400))
	m.SetNRGBA(0, 0, color.NRGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	uri := s.upload(b.Bytes(), "image/png", "a.png")
	at := func(query string) *http.Response {
		return s.do(alice, "GET", currentMedia+"/thumbnail/"+uri+query, nil)
	}
	for query, size := range map[string]image.Point{
		"?width=30&height=30&method=crop":                {X: 32, Y: 32},
		"?width=320&height=240":                          {X: 300, Y: 240},
		"?width=800&height=600&method=scale":             {X: 500, Y: 400},
		"?width=90&height=90&method=crop&animated=true":  {X: 96, Y: 96},
		"?width=9999&height=9999&method=crop":            {X: 500, Y: 400},
		"?width=320&height=240&method=scale&timeout_ms=": {X: 300, Y: 240},
	} {
		resp := at(query)
		got, err := png.DecodeConfig(resp.Body)
		if err != nil || got.Width != size.X || got.Height != size.Y {
			t.Errorf("%s: %d %dx%d %v", query, resp.StatusCode, got.Width, got.Height, err)
		}
		if d := resp.Header.Get("Content-Disposition"); d != "inline; filename=thumbnail.png" || resp.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%s: %s", query, d)
		}
	}
	for query, code := range map[string]string{
		"": "M_MISSING_PARAM", "?width=1": "M_MISSING_PARAM", "?width=1&height=-1": "M_INVALID_PARAM", "?width=0&height=1": "M_INVALID_PARAM",
		"?width=1.5&height=1": "M_INVALID_PARAM", "?width=1&height=1&method=zoom": "M_INVALID_PARAM", "?width=1&height=1&animated=maybe": "M_INVALID_PARAM",
	} {
		s.wantError(at(query), http.StatusBadRequest, code)
	}
	notImage := s.upload([]byte("hello"), "image/png", "")
	s.wantError(s.do(alice, "GET", currentMedia+"/thumbnail/"+notImage+"?width=1&height=1", nil), http.StatusBadRequest, "M_UNKNOWN")
}

func TestPreviewEndpoint(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, "<title>T</title>")
	}))
	defer web.Close()
	s := newMediaServer(t, "", func(c *media.Config) { c.AllowPrivateAddresses = true })
	alice := s.user("alice").token
	for _, base := range []string{currentMedia, "/_matrix/media/v3", "/_matrix/media/r0"} {
		resp := s.do(alice, "GET", base+"/preview_url?ts=1&url="+url.QueryEscape(web.URL), nil)
		if body := s.body(resp); resp.StatusCode != http.StatusOK || body != `{"og:title":"T"}` {
			t.Errorf("%s: %d %s", base, resp.StatusCode, body)
		}
	}
	s.wantError(s.do(alice, "GET", currentMedia+"/preview_url", nil), http.StatusBadRequest, "M_MISSING_PARAM")
	s.wantError(s.do(alice, "GET", currentMedia+"/preview_url?url=ftp://x", nil), http.StatusBadRequest, "M_INVALID_PARAM")
	guarded := newMediaServer(t, "")
	guarded.wantError(guarded.do(guarded.user("alice").token, "GET", currentMedia+"/preview_url?url="+url.QueryEscape(web.URL), nil), http.StatusForbidden, "M_FORBIDDEN")
}

func TestDisposition(t *testing.T) {
	for _, tt := range []struct{ contentType, name, want string }{
		{"image/png", "a.png", "inline; filename=a.png"},
		{"image/png", "", "inline"},
		{"IMAGE/PNG; x=y", "a b.png", `inline; filename="a b.png"`},
		{"text/html", "a.html", "attachment; filename=a.html"},
		{"image/svg+xml", "a.svg", "attachment; filename=a.svg"},
		{"application/pdf", "", "attachment"},
		{"nonsense", "", "attachment"},
		{"audio/ogg", "봉수.ogg", "inline; filename*=utf-8''%EB%B4%89%EC%88%98.ogg"},
		{"image/png", `"; filename=evil.html`, `inline; filename="\"; filename=evil.html"`},
	} {
		if got := disposition(tt.contentType, tt.name); got != tt.want {
			t.Errorf("%s %q: got %s, want %s", tt.contentType, tt.name, got, tt.want)
		}
	}
}

// TestDispositionRoundTrip: whatever the name, a client reads the same name, and the header stays one header.
func TestDispositionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		header := disposition(rapid.SampledFrom([]string{"image/png", "text/html"}).Draw(t, "type"), name)
		if strings.ContainsAny(header, "\r\n\x00") || strings.IndexFunc(header, func(r rune) bool { return r > '~' }) >= 0 {
			t.Fatalf("header %q", header)
		}
		_, params, err := mime.ParseMediaType(header)
		if err != nil || params["filename"] != name {
			t.Fatalf("%q became %q: %v", name, params["filename"], err)
		}
	})
}
