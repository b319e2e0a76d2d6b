package node

import (
	"bytes"
	_ "embed" // the page is part of the program
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed landing.html
var landingHTML string

// landingPolicy: the page asks nothing of anybody.
const landingPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// newLanding makes the page that people see who open the server's address in a browser.
func newLanding(serverName, publicURL string) (http.HandlerFunc, error) {
	t, err := template.New("landing").Parse(landingHTML)
	if err != nil {
		return nil, fmt.Errorf("reading the landing page: %w", err)
	}
	return func(w http.ResponseWriter, r *http.Request) {
		address := publicURL
		if address == "" {
			address = requestAddress(r)
		}
		var page bytes.Buffer
		if err := t.Execute(&page, map[string]string{"Name": serverName, "Address": address}); err != nil {
			http.Error(w, "The page could not be made", http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(page.Len()))
		h.Set("Content-Security-Policy", landingPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		_, _ = w.Write(page.Bytes()) // the browser may be gone
	}, nil
}

// requestAddress is the address by which this request came.
func requestAddress(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}
