package clientapi

import (
	"mime"
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/mxerr"
)

const (
	defaultUploadWait = 20 * time.Second // Client-Server API, "Content Repository": timeout_ms
	maxThumbnailSide  = 1 << 16
)

// contentPolicy is the one that the specification recommends, so that no browser runs what users upload.
const contentPolicy = "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; object-src 'self';"

// errFrozen: Client-Server API, "Content Repository": servers SHOULD freeze the endpoints without authentication.
var errFrozen = mxerr.NotFoundf("This server serves media to authenticated clients only")

// download never redirects and never asks another server, so that allow_redirect and allow_remote change nothing.
func (a *API) download(r *request) (any, error) {
	wait, err := a.uploadWait(r)
	if err != nil {
		return nil, err
	}
	c, err := a.Media.Open(r.Context(), r.mxc(), wait)
	if err != nil {
		return nil, err
	}
	if name := r.param("fileName"); name != "" {
		c.Name = name
	}
	r.sendContent(c, disposition(c.ContentType, c.Name))
	return written{}, nil
}

func (a *API) thumbnail(r *request) (any, error) {
	wait, err := a.uploadWait(r)
	if err != nil {
		return nil, err
	}
	want, err := r.wantedThumbnail()
	if err != nil {
		return nil, err
	}
	c, err := a.Media.Thumbnail(r.Context(), r.mxc(), want, wait)
	if err != nil {
		return nil, err
	}
	r.sendContent(c, disposition(c.ContentType, c.Name))
	return written{}, nil
}

// uploadWait is how long the client would wait for an upload that has not come.
func (a *API) uploadWait(r *request) (time.Duration, error) {
	if a.FreezeOldMedia && r.session.UserID == "" && !a.isProviderIcon(r) {
		return 0, errFrozen
	}
	ms, err := r.queryInt("timeout_ms", int(defaultUploadWait.Milliseconds()), int(media.MaxWait.Milliseconds()))
	return time.Duration(ms) * time.Millisecond, err
}

func (r *request) wantedThumbnail() (want media.ThumbnailRequest, err error) {
	for name, value := range map[string]*int{"width": &want.Width, "height": &want.Height} {
		if r.query(name) == "" {
			return want, mxerr.MissingParamf("%s is missing", name)
		}
		if *value, err = r.queryInt(name, 0, maxThumbnailSide); err != nil {
			return want, err
		}
		if *value == 0 {
			return want, mxerr.InvalidParamf("%s must be positive", name)
		}
	}
	switch method := r.query("method"); method {
	case "", string(media.Scale):
		want.Method = media.Scale
	case string(media.Crop):
		want.Method = media.Crop
	default:
		return want, mxerr.InvalidParamf("method must be crop or scale")
	}
	want.Animated, err = r.queryBool("animated", false)
	return want, err
}

// sendContent writes a content, or the range of it that was asked for, and closes it.
func (r *request) sendContent(c *media.Content, disposition string) {
	defer func() { _ = c.Close() }()
	h := r.w.Header()
	h.Set("Content-Type", c.ContentType)
	h.Set("Content-Disposition", disposition)
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Etag", `"`+string(c.Hash)+`"`)
	h.Set("Cache-Control", "private, max-age=31536000, immutable")
	w := &pacedWriter{ResponseWriter: r.w, conn: http.NewResponseController(r.w)}
	defer w.done()
	http.ServeContent(w, r.Request, "", time.Time{}, c)
}

// inlineTypes are those that browsers may show in place (Client-Server API, "Serving inline content").
var inlineTypes = map[string]bool{
	"text/css": true, "text/plain": true, "text/csv": true, "application/json": true, "application/ld+json": true,
	"image/jpeg": true, "image/gif": true, "image/png": true, "image/apng": true, "image/webp": true, "image/avif": true,
	"video/mp4": true, "video/webm": true, "video/ogg": true, "video/quicktime": true,
	"audio/mp4": true, "audio/webm": true, "audio/aac": true, "audio/mpeg": true, "audio/ogg": true, "audio/wave": true,
	"audio/wav": true, "audio/x-wav": true, "audio/x-pn-wav": true, "audio/flac": true, "audio/x-flac": true,
}

// disposition makes a Content-Disposition header (RFC 6266); names outside ASCII are encoded (RFC 8187).
func disposition(contentType, name string) string {
	kind := "attachment"
	if mediaType, _, err := mime.ParseMediaType(contentType); err == nil && inlineTypes[mediaType] {
		kind = "inline"
	}
	if name == "" {
		return kind
	}
	return mime.FormatMediaType(kind, map[string]string{"filename": name})
}
