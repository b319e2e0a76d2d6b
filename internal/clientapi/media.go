package clientapi

import (
	"net/http"
	"time"

	"bongsu.org/bongsu/internal/media"
	"bongsu.org/bongsu/internal/mxerr"
)

// mediaRoutes: Client-Server API, "Content Repository".
func (a *API) mediaRoutes() {
	for _, version := range []string{"v3", "r0", "v1"} {
		old := "/_matrix/media/" + version
		a.handle(http.MethodPost, old+"/upload", a.upload, limited("uploads"), waiting())
		a.handle(http.MethodPut, old+"/upload/{serverName}/{mediaId}", a.uploadTo, limited("uploads"), waiting())
		a.handle(http.MethodGet, old+"/config", a.mediaConfig)
		a.handle(http.MethodGet, old+"/preview_url", a.previewURL, limited("previews"))
		a.contentRoutes(old, authNone)
	}
	a.handle(http.MethodPost, "/_matrix/media/v1/create", a.createMedia, limited("uploads"))
	const current = "/_matrix/client/v1/media"
	a.handle(http.MethodGet, current+"/config", a.mediaConfig)
	a.handle(http.MethodGet, current+"/preview_url", a.previewURL, limited("previews"))
	a.contentRoutes(current, authGuest)
}

// contentRoutes are the downloads, which older clients reach without a token. They may take as long as the client's line needs.
func (a *API) contentRoutes(base string, who auth) {
	a.handle(http.MethodGet, base+"/download/{serverName}/{mediaId}", a.download, as(who), limited("media"), waiting())
	a.handle(http.MethodGet, base+"/download/{serverName}/{mediaId}/{fileName}", a.download, as(who), limited("media"), waiting())
	a.handle(http.MethodGet, base+"/thumbnail/{serverName}/{mediaId}", a.thumbnail, as(who), limited("media"), waiting())
}

func (a *API) createMedia(r *request) (any, error) {
	uri, expires, err := a.Media.Create(r.Context(), r.session.UserID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"content_uri": uri.String(), "unused_expires_at": expires.UnixMilli()}, nil
}

func (a *API) upload(r *request) (any, error) {
	uri, err := a.Media.Upload(r.Context(), r.session.UserID, r.incoming())
	if err != nil {
		return nil, err
	}
	return map[string]string{"content_uri": uri.String()}, nil
}

func (a *API) uploadTo(r *request) (any, error) {
	return empty{}, a.Media.UploadTo(r.Context(), r.session.UserID, r.mxc(), r.incoming())
}

func (a *API) mediaConfig(*request) (any, error) {
	return map[string]int64{"m.upload.size": a.Media.MaxUpload()}, nil
}

// previewURL leaves out the parameter ts: the newest version at hand is always a right answer.
func (a *API) previewURL(r *request) (any, error) {
	url := r.query("url")
	if url == "" {
		return nil, mxerr.MissingParamf("url is missing")
	}
	body, err := a.Media.Preview(r.Context(), url)
	return raw(body), err
}

// incoming is the content that a request brings.
func (r *request) incoming() media.Upload {
	return media.Upload{
		Name: r.query("filename"), ContentType: r.Header.Get("Content-Type"), Size: r.ContentLength,
		Body: &pacedReader{body: r.Body, conn: http.NewResponseController(r.w)},
	}
}

// mxc is the content that the path names.
func (r *request) mxc() media.MXC {
	return media.MXC{Server: r.param("serverName"), ID: r.param("mediaId")}
}

// mediaIdle is how long a transfer may stand still. A transfer as a whole may take any time: lines are slow, files are large.
const mediaIdle = time.Minute

// pacedReader gives up on a client that sends nothing for mediaIdle.
type pacedReader struct {
	body interface{ Read([]byte) (int, error) }
	conn *http.ResponseController
}

func (p *pacedReader) Read(b []byte) (int, error) {
	_ = p.conn.SetReadDeadline(time.Now().Add(mediaIdle)) // not every connection has deadlines
	n, err := p.body.Read(b)
	if err != nil {
		_ = p.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// pacedWriter gives up on a client that takes nothing for mediaIdle.
type pacedWriter struct {
	http.ResponseWriter
	conn *http.ResponseController
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(mediaIdle))
	return p.ResponseWriter.Write(b)
}

func (p *pacedWriter) done() { _ = p.conn.SetWriteDeadline(time.Time{}) }
