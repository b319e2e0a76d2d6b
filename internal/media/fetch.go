package media

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"bongsu.org/bongsu/internal/netguard"
)

const (
	maxPreviewURL       = 2048
	maxPreviewRedirects = 5
	// maxPage is how much of a page is read; what describes it stands at its beginning.
	maxPage = 1 << 20
)

// Errors of a fetch.
var (
	errBadURL = errors.New("not an absolute http or https URL")
	errFetch  = errors.New("cannot fetch")
)

// fetched is what a server answered with status 200.
type fetched struct {
	url         *url.URL // after redirects
	contentType string   // the header as it came
	mediaType   string   // the same without parameters, in lower case
	body        io.ReadCloser
}

// fetcher gets pages and images for previews, from public addresses only unless the settings say otherwise.
type fetcher struct {
	client    *http.Client
	userAgent string
	languages string
}

func newFetcher(cfg Config) *fetcher {
	transport := netguard.Transport(netguard.Options{
		AllowPrivate: cfg.AllowPrivateAddresses, RootCAs: cfg.RootCAs, Resolver: cfg.resolver,
	})
	return &fetcher{
		client:    &http.Client{Transport: transport, CheckRedirect: checkRedirect, Timeout: cfg.PreviewTimeout},
		userAgent: cfg.PreviewUserAgent,
		languages: cfg.PreviewLanguages,
	}
}

// get sends the request. The caller closes the body and reads no more of it than it needs.
func (f *fetcher) get(ctx context.Context, u *url.URL, accept string) (*fetched, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errBadURL
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Language", f.languages)
	req.Header.Set("User-Agent", f.userAgent)
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFetch, err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%w: status %d", errFetch, resp.StatusCode)
	}
	contentType := resp.Header.Get("Content-Type")
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil && mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return &fetched{url: resp.Request.URL, contentType: contentType, mediaType: mediaType, body: resp.Body}, nil
}

// checkRedirect bounds the number of redirects and keeps them to the web. Where they lead is for the guard of each connection.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxPreviewRedirects {
		return errors.New("too many redirects")
	}
	return checkWebURL(req.URL)
}

func checkWebURL(u *url.URL) error {
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return errBadURL
	}
	return nil
}

// parseWebURL reads the URL that a preview is asked for. The fragment is not sent to servers and so is no part of it.
func parseWebURL(raw string) (*url.URL, error) {
	raw = strings.TrimSpace(raw)
	if len(raw) > maxPreviewURL {
		return nil, errBadURL
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errBadURL
	}
	u.Fragment, u.RawFragment = "", ""
	u.Host = strings.ToLower(u.Host)
	return u, checkWebURL(u)
}
