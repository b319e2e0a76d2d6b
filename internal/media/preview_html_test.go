package media

import (
	"maps"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParsePage(t *testing.T) {
	const korean = "\xba\xc0\xbc\xf6" // "봉수" in EUC-KR
	tests := []struct {
		name, contentType, html string
		want                    map[string]string
		image                   string
	}{
		{"OpenGraph", "text/html", `<html><head><title>other</title><meta property="og:title" content="A &amp; B">
			<meta property="og:description" content=" some
			text "><meta property="og:image" content="/i.png"><meta property="og:image:width" content="9"><meta property="og:site_name" content="S">`,
			map[string]string{"og:title": "A & B", "og:description": "some text", "og:site_name": "S"}, "https://example.org/i.png"},
		{"title and description", "text/html", `<title>T &lt;1&gt;</title><meta name=description content=D>`,
			map[string]string{"og:title": "T <1>", "og:description": "D"}, ""},
		{"Twitter card", "text/html", `<meta name="twitter:title" content="T"><meta name="twitter:image" content="//cdn.example.org/x.jpg">`,
			map[string]string{"og:title": "T"}, "https://cdn.example.org/x.jpg"},
		{"base element", "text/html", `<base href="https://other.example/dir/"><meta property="og:image" content="i.png">`,
			map[string]string{}, "https://other.example/dir/i.png"},
		{"first of several wins", "text/html", `<meta property="og:title" content="1"><meta property="og:title" content="2">`,
			map[string]string{"og:title": "1"}, ""},
		{"titles of drawings", "text/html", `<svg><title>drawing</title></svg><title>page</title>`, map[string]string{"og:title": "page"}, ""},
		{"script is no markup", "text/html", `<script>"<title>no</title>"</script><title>yes</title>`, map[string]string{"og:title": "yes"}, ""},
		{"charset in the header", "text/html; charset=euc-kr", `<title>` + korean + `</title>`, map[string]string{"og:title": "봉수"}, ""},
		{"charset in the page", "text/html", `<meta charset="euc-kr"><title>` + korean + `</title>`, map[string]string{"og:title": "봉수"}, ""},
		{"image is no web address", "text/html", `<meta property="og:image" content="javascript:alert(1)">`, map[string]string{}, ""},
		{"nothing", "text/html", ``, map[string]string{}, ""},
	}
	at, err := url.Parse("https://example.org/page")
	must(t, err)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := parsePage(strings.NewReader(tt.html), tt.contentType, at)
			must(t, err)
			if !maps.Equal(p.properties, tt.want) || p.image != tt.image {
				t.Errorf("got %q %q, want %q %q", p.properties, p.image, tt.want, tt.image)
			}
		})
	}
}

func TestTidyText(t *testing.T) {
	tests := map[string]string{" a\n\tb ": "a b", "a\x00b": "a b", "봉수대터": "봉수대", "\xff": "\ufffd", "": ""}
	for in, want := range tests {
		if got := tidyText(in, 3); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzParsePage(f *testing.F) {
	f.Add("text/html", `<title>x</title><meta property="og:image" content="http://a/b">`)
	f.Add("text/html; charset=utf-16", "\xff\xfe<\x00t\x00")
	f.Add("text/html; charset=iso-2022-kr", "<svg><title>")
	at, err := url.Parse("https://example.org/")
	must(f, err)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		p, err := parsePage(strings.NewReader(body), contentType, at)
		if err != nil {
			return
		}
		for name, value := range p.properties {
			if !strings.HasPrefix(name, "og:") || !utf8.ValidString(value) || len([]rune(value)) > maxPropertyValue {
				t.Errorf("%q = %q", name, value)
			}
		}
		if u, err := url.Parse(p.image); p.image != "" && (err != nil || checkWebURL(u) != nil) {
			t.Errorf("image %q", p.image)
		}
	})
}
