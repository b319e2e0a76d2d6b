package webauth

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Page is how a page looks: a template named "content", in the layout that all pages share. The template gets a View. Beside its own it
// can use {{template "csrf" .}}, which every form needs, and {{template "problem" TEXT}}, which shows an error if there is one.
type Page struct {
	t    *template.Template
	wide bool
}

// View is what the template of a page gets.
type View struct {
	Title  string
	Server string // its name
	UserID string // who is signed in; empty: nobody
	CSRF   string
	Style  string // the path of the style sheet
	Wide   bool
	Data   any // the page's own
}

var (
	styleSheet  = mustRead("pages/style.css")
	stylePath   = pathStyle + "?v=" + digest(styleSheet)
	layout      = template.Must(template.ParseFS(files, "pages/layout.html"))
	problemPage = MustPage(files, "pages/problem.html")
)

// MustPage reads a page from a file that defines "content". It panics if the file is not right: call it for files that are part of
// the program.
func MustPage(files fs.FS, name string) *Page {
	return &Page{t: template.Must(template.Must(layout.Clone()).ParseFS(files, name))}
}

// Wide gives a page more room on large screens, for lists.
func (p *Page) Wide() *Page { return &Page{t: p.t, wide: true} }

func mustRead(name string) []byte {
	text, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return text
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// Show answers with a page.
func (q *Request) Show(p *Page, title string, data any) error {
	return q.ShowStatus(http.StatusOK, p, title, data)
}

// ShowStatus is Show with a status other than 200.
func (q *Request) ShowStatus(status int, p *Page, title string, data any) error {
	v := View{Title: title, Server: q.s.ServerName, UserID: q.UserID, CSRF: q.formToken(), Style: stylePath, Wide: p.wide, Data: data}
	var out bytes.Buffer
	if err := p.t.ExecuteTemplate(&out, "layout", v); err != nil {
		return fmt.Errorf("making the page %q: %w", title, err)
	}
	h := q.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(out.Len()))
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action "+
		strings.Join(append([]string{"'self'"}, q.formTo...), " ")+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	q.W.WriteHeader(status)
	_, _ = q.W.Write(out.Bytes()) // the browser may be gone
	return nil
}

// AllowFormTo lets the answer to a form of the page lead to another server or an application: a source of the Content-Security-Policy,
// such as https://app.example.org or com.example.app:, which must have been checked.
func (q *Request) AllowFormTo(source string) { q.formTo = append(q.formTo, source) }

// styleLifetime: the address of the style sheet changes with it.
const styleLifetime = 365 * 24 * time.Hour

func serveStyle(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, immutable, max-age="+strconv.Itoa(int(styleLifetime.Seconds())))
	_, _ = w.Write(styleSheet) // the browser may be gone
}
