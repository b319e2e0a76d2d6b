package e2e

import (
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// visitor is somebody in front of a browser without scripts: it keeps cookies, follows redirects on the server, and stops where a page
// leads away from it.
type visitor struct {
	t      testing.TB
	base   string
	client *http.Client

	page string   // the text of the page in front of them
	at   *url.URL // and its address
	left *url.URL // where the last page led away to; nil: nowhere
}

func newVisitor(s *Suite) *visitor {
	s.T.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.T.Fatal(err)
	}
	p := &visitor{t: s.T, base: s.Server.URL}
	p.client = &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), p.base+"/") {
			p.left = r.URL
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return p
}

func (p *visitor) do(method, address string, form url.Values) int {
	p.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = p.base + address
	}
	p.left = nil
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.page, p.at = string(text), resp.Request.URL
	return resp.StatusCode
}

// open opens an address, or a path of the server.
func (p *visitor) open(address string) int { p.t.Helper(); return p.do(http.MethodGet, address, nil) }

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// submit sends the first form of the page with the fields, names and values in turn.
func (p *visitor) submit(fields ...string) int {
	p.t.Helper()
	if !strings.Contains(p.page, "</form>") {
		p.t.Fatalf("there is no form on the page at %s:\n%s", p.at, p.page)
	}
	form := p.hidden()
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return p.do(http.MethodPost, p.at.String(), form)
}

// hidden are the hidden fields of the first form of the page.
func (p *visitor) hidden() url.Values {
	first, _, _ := strings.Cut(p.page, "</form>")
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(first, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	return form
}

// signIn fills in the sign-in page in front of them.
func (p *visitor) signIn(u *User) {
	p.t.Helper()
	p.submit("user", u.Localpart, "password", u.Password)
}

// sees fails the test if a text is not on the page.
func (p *visitor) sees(text string) {
	p.t.Helper()
	if !strings.Contains(p.page, text) {
		p.t.Fatalf("the page at %s does not say %q:\n%s", p.at, text, p.page)
	}
}
