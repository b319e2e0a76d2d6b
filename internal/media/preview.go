package media

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bongsu.org/bongsu/internal/mxerr"
	"bongsu.org/bongsu/internal/netguard"
	"bongsu.org/bongsu/internal/store"
)

const (
	// maxFetches bounds the pages that are fetched at the same time.
	maxFetches = 16
	// failureLifetime is how long a page that could not be fetched is left alone.
	failureLifetime = time.Minute
	acceptPage      = "text/html,application/xhtml+xml,image/*;q=0.8,*/*;q=0.1"
	acceptImage     = "image/webp,image/png,image/jpeg,image/gif;q=0.9"
)

var (
	errNoPreviews  = mxerr.New(http.StatusNotFound, mxerr.NotFound, "Link previews are switched off on this server")
	errPreviewURL  = mxerr.InvalidParamf("url must be an http or https URL")
	errPreviewAway = mxerr.New(http.StatusForbidden, mxerr.Forbidden, "Previews of this address are not allowed")
	errPreviewFail = mxerr.New(http.StatusBadGateway, mxerr.Unknown, "The page could not be fetched")
)

// cachedPreview is what is stored about a URL: the answer, or the failure.
type cachedPreview struct {
	Body   json.RawMessage `json:"body,omitempty"`
	Status int             `json:"status,omitempty"` // of the failure
}

// Preview gives the OpenGraph data of a page as a JSON object (Client-Server API, GET /media/preview_url). Its picture is copied
// into the media store, so that clients need not reach the page's server.
func (s *Service) Preview(ctx context.Context, rawURL string) (json.RawMessage, error) {
	if !s.cfg.Previews {
		return nil, errNoPreviews
	}
	u, err := parseWebURL(rawURL)
	if err != nil {
		return nil, errPreviewURL
	}
	c, err := s.findPreview(ctx, u.String())
	if errors.Is(err, store.ErrNotFound) {
		c, err = once(ctx, &s.previews, u.String(), func(ctx context.Context) (cachedPreview, error) { return s.makePreview(ctx, u) })
	}
	if err != nil {
		return nil, err
	}
	switch c.Status {
	case 0:
		return c.Body, nil
	case http.StatusForbidden:
		return nil, errPreviewAway
	}
	return nil, errPreviewFail
}

func (s *Service) findPreview(ctx context.Context, url string) (c cachedPreview, err error) {
	var body []byte
	err = s.read(ctx, func(tx *store.Tx) error {
		body, err = tx.URLPreview(ctx, url, s.now().UnixMilli())
		return err
	})
	if err != nil {
		return cachedPreview{}, err
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return cachedPreview{}, fmt.Errorf("reading a stored preview: %w", err)
	}
	return c, nil
}

// makePreview fetches a page and stores what came of it.
func (s *Service) makePreview(ctx context.Context, u *url.URL) (cachedPreview, error) {
	c, lifetime := s.fetchPreview(ctx, u)
	body, err := json.Marshal(c)
	if err != nil {
		return cachedPreview{}, fmt.Errorf("storing a preview: %w", err)
	}
	expires := s.now().Add(lifetime).UnixMilli()
	err = s.write(ctx, func(tx *store.Tx) error { return tx.PutURLPreview(ctx, u.String(), body, expires) })
	if err != nil {
		return cachedPreview{}, fmt.Errorf("storing a preview: %w", err)
	}
	return c, nil
}

// fetchPreview tells what a page says about itself, or why it cannot be told, and how long that may be kept.
func (s *Service) fetchPreview(ctx context.Context, u *url.URL) (cachedPreview, time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, 2*s.cfg.PreviewTimeout) // the page and its picture, and the wait for a turn
	defer cancel()
	properties, err := s.describe(ctx, u)
	if err == nil {
		var body []byte
		if body, err = json.Marshal(properties); err == nil {
			return cachedPreview{Body: body}, s.cfg.PreviewLifetime
		}
	}
	s.log.Debug("no preview", "url", u.Redacted(), "err", err)
	if errors.Is(err, netguard.ErrRefused) {
		return cachedPreview{Status: http.StatusForbidden}, failureLifetime
	}
	return cachedPreview{Status: http.StatusBadGateway}, failureLifetime
}

func (s *Service) describe(ctx context.Context, u *url.URL) (map[string]any, error) {
	if err := s.fetches.Acquire(ctx, 1); err != nil {
		return nil, fmt.Errorf("waiting for a turn: %w", err)
	}
	defer s.fetches.Release(1)
	got, err := s.fetch.get(ctx, u, acceptPage)
	if err != nil {
		return nil, err
	}
	defer func() { _ = got.body.Close() }()
	switch {
	case got.mediaType == "text/html", got.mediaType == "application/xhtml+xml":
		return s.describePage(ctx, got)
	case strings.HasPrefix(got.mediaType, "image/"):
		out := map[string]any{}
		return out, s.copyImage(ctx, got, out)
	}
	return map[string]any{}, nil
}

func (s *Service) describePage(ctx context.Context, got *fetched) (map[string]any, error) {
	p, err := parsePage(io.LimitReader(got.body, min(maxPage, s.cfg.PreviewMaxSize)), got.contentType, got.url)
	if err != nil {
		return nil, fmt.Errorf("reading the page: %w", err)
	}
	out := make(map[string]any, len(p.properties)+5)
	for name, value := range p.properties {
		out[name] = value
	}
	if p.image == "" {
		return out, nil
	}
	if err := s.addImage(ctx, p.image, out); err != nil { // a page without its picture is still worth showing
		s.log.Debug("no picture for a preview", "url", p.image, "err", err)
	}
	return out, nil
}

func (s *Service) addImage(ctx context.Context, rawURL string, out map[string]any) error {
	u, err := parseWebURL(rawURL)
	if err != nil {
		return err
	}
	got, err := s.fetch.get(ctx, u, acceptImage)
	if err != nil {
		return err
	}
	defer func() { _ = got.body.Close() }()
	return s.copyImage(ctx, got, out)
}

// copyImage stores a picture and describes the copy. What is not an image of a known format is left out without an error.
func (s *Service) copyImage(ctx context.Context, got *fetched, out map[string]any) error {
	data, err := io.ReadAll(io.LimitReader(got.body, s.cfg.PreviewMaxSize+1))
	if err != nil {
		return fmt.Errorf("reading the picture: %w", err)
	}
	if int64(len(data)) > s.cfg.PreviewMaxSize {
		return nil
	}
	info, err := probeImage(data)
	if errors.Is(err, errNotImage) {
		return nil
	}
	if err != nil {
		return err
	}
	uri, err := s.storePicture(ctx, data, info.contentType)
	if err != nil {
		return err
	}
	width, height := info.upright()
	out["og:image"] = uri.String()
	out["og:image:type"] = info.contentType
	out["og:image:width"], out["og:image:height"] = width, height
	out["matrix:image:size"] = len(data)
	return nil
}

// storePicture stores what belongs to no user, for as long as clients may remember the preview.
func (s *Service) storePicture(ctx context.Context, data []byte, contentType string) (MXC, error) {
	blob, err := s.blobs.Put(ctx, bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return MXC{}, fmt.Errorf("storing a picture: %w", err)
	}
	now := s.now()
	m := store.Media{
		ID: newMediaID(), CreatedTS: now.UnixMilli(), ExpiresTS: now.Add(s.cfg.PreviewImageLifetime).UnixMilli(),
		Hash: string(blob.Hash), Size: blob.Size, ContentType: contentType,
	}
	if err := s.write(ctx, func(tx *store.Tx) error { return tx.PutMedia(ctx, m) }); err != nil {
		return MXC{}, fmt.Errorf("storing a picture: %w", err)
	}
	return MXC{s.cfg.ServerName, m.ID}, nil
}
