package webapp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
)

const (
	page   = "index.html"
	hashed = "assets/" // where the build puts what has a hash in its name
)

// App serves the files of one built client.
type App struct {
	files  map[string]*file
	policy string
}

// file is one file, and what it becomes once it is asked for.
type file struct {
	content     []byte
	contentType string
	etag        string
	immutable   bool
	zip         func() []byte // nil: it does not get smaller
}

// New reads a built client. The entrances are addresses of this server that the client may go to besides the one it came from.
func New(files fs.FS, entrances []string) (*App, error) {
	a := &App{files: map[string]*file{}, policy: contentPolicy(entrances)}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		a.files[name] = newFile(name, content)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the web client: %w", err)
	}
	if a.files[page] == nil {
		return nil, fmt.Errorf("the web client has no %s", page)
	}
	return a, nil
}

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{
		content: content, contentType: contentType(name), etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		immutable: strings.HasPrefix(name, hashed),
	}
	if compressible(f.contentType) {
		f.zip = sync.OnceValue(func() []byte { return compress(content) })
	}
	return f
}

// contentType does not rest on what the machine's own table of types says.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

func compressible(contentType string) bool {
	return strings.HasPrefix(contentType, "text/") || strings.HasPrefix(contentType, "image/svg") || contentType == "application/wasm" ||
		strings.HasSuffix(contentType, "json")
}

func compress(content []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.DefaultCompression)
	if err != nil {
		return nil
	}
	if _, err := w.Write(content); err != nil {
		return nil
	}
	if err := w.Close(); err != nil {
		return nil
	}
	return b.Bytes()
}

// Owns tells whether a request is for the client.
func (a *App) Owns(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && a.find(r.URL.Path) != nil
}

func (a *App) find(urlPath string) *file {
	if urlPath == "/" || urlPath == "/app" || strings.HasPrefix(urlPath, "/app/") {
		return a.files[page]
	}
	return a.files[strings.TrimPrefix(urlPath, "/")]
}

// ServeHTTP implements http.Handler.
func (a *App) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := a.find(r.URL.Path)
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Content-Security-Policy", a.policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups") // a step of a login may need a window of its own
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Etag", f.etag)
	h.Set("Vary", "Accept-Encoding")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body(h, r)))
}

// body is the content in the coding that the client takes.
func (f *file) body(h http.Header, r *http.Request) []byte {
	if f.zip == nil || r.Header.Get("Range") != "" || !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return f.content
	}
	zipped := f.zip()
	if zipped == nil {
		return f.content
	}
	h.Set("Content-Encoding", "gzip")
	return zipped
}
