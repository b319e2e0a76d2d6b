package media

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
)

const (
	maxProperties     = 64
	maxPropertyName   = 64
	maxPropertyValue  = 1000 // characters
	maxTitle          = 300  // characters
	maxHTMLTokenBytes = 256 << 10
)

// page is what a web page says about itself.
type page struct {
	properties map[string]string // OpenGraph properties, by their full name (og:…)
	image      string            // absolute URL of the picture that stands for the page, or empty
}

// parsePage reads the OpenGraph properties (https://ogp.me) of a page, and where these lack, its Twitter card, title and description.
// contentType is the header that came with it; the encoding is found as browsers find it. A page that breaks off is read as far
// as it goes.
func parsePage(r io.Reader, contentType string, at *url.URL) (page, error) {
	utf8, err := charset.NewReader(r, contentType)
	if err != nil {
		if errors.Is(err, io.EOF) {
			return page{properties: map[string]string{}}, nil
		}
		return page{}, err
	}
	p := pageParser{base: at, found: map[string]string{}}
	p.run(utf8)
	return p.page(), nil
}

// pageParser collects the first value of each meta element.
type pageParser struct {
	base  *url.URL
	found map[string]string
	title strings.Builder
	// inTitle: inside the page's title. svg: how deep inside a drawing, whose title elements are not the page's.
	inTitle bool
	svg     int
}

func (p *pageParser) run(r io.Reader) {
	z := html.NewTokenizer(r)
	z.SetMaxBuf(maxHTMLTokenBytes)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return // the end, or a token too long to matter
		case html.StartTagToken, html.SelfClosingTagToken:
			p.start(z.Token())
		case html.EndTagToken:
			p.end(z)
		case html.TextToken:
			if p.inTitle && p.title.Len() < 4*maxTitle {
				p.title.Write(z.Text())
			}
		}
	}
}

func (p *pageParser) start(t html.Token) {
	switch t.DataAtom {
	case atom.Svg:
		if t.Type == html.StartTagToken {
			p.svg++
		}
	case atom.Title:
		p.inTitle = p.svg == 0 && p.title.Len() == 0 && t.Type == html.StartTagToken
	case atom.Base:
		if u, err := p.base.Parse(attribute(t, "href")); err == nil {
			p.base = u
		}
	case atom.Link:
		if strings.EqualFold(attribute(t, "rel"), "image_src") {
			p.keep("link:image_src", attribute(t, "href"))
		}
	case atom.Meta:
		for _, key := range []string{"property", "name", "itemprop"} {
			p.keep(strings.ToLower(strings.TrimSpace(attribute(t, key))), attribute(t, "content"))
		}
	}
}

func (p *pageParser) end(z *html.Tokenizer) {
	name, _ := z.TagName()
	switch atom.Lookup(name) {
	case atom.Svg:
		p.svg = max(0, p.svg-1)
	case atom.Title:
		p.inTitle = false
	}
}

// keep remembers the first value of a property; later ones belong to further pictures and the like.
func (p *pageParser) keep(name, value string) {
	if name == "" || len(name) > maxPropertyName || len(p.found) >= maxProperties {
		return
	}
	if _, ok := p.found[name]; ok {
		return
	}
	if value = tidyText(value, maxPropertyValue); value != "" {
		p.found[name] = value
	}
}

func (p *pageParser) page() page {
	out := page{properties: map[string]string{}}
	for name, value := range p.found {
		if strings.HasPrefix(name, "og:") && !isImageURLProperty(name) {
			out.properties[name] = value
		}
	}
	p.fallback(out.properties, "og:title", tidyText(p.found["twitter:title"], maxTitle), tidyText(p.title.String(), maxTitle))
	p.fallback(out.properties, "og:description", p.found["twitter:description"], p.found["description"])
	for _, name := range []string{"og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src", "link:image_src", "image"} {
		if u, err := p.base.Parse(p.found[name]); err == nil && p.found[name] != "" && checkWebURL(u) == nil {
			out.image = u.String()
			break
		}
	}
	return out
}

func (p *pageParser) fallback(properties map[string]string, name string, values ...string) {
	for _, v := range values {
		if properties[name] == "" && v != "" {
			properties[name] = v
		}
	}
}

// isImageURLProperty tells which properties say where the picture is; clients get a copy of the picture instead.
func isImageURLProperty(name string) bool {
	switch name {
	case "og:image", "og:image:url", "og:image:secure_url", "og:image:type", "og:image:width", "og:image:height":
		return true
	}
	return false
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Namespace == "" && a.Key == name {
			return a.Val
		}
	}
	return ""
}

// tidyText makes one line of a text, without control characters, of at most limit characters.
func tidyText(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	count := 0
	for i := range s {
		if count == limit {
			return s[:i]
		}
		count++
	}
	return s
}
