package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const mediaUpload = "/_matrix/media/v3/upload"

// picture is a PNG of a size.
func picture(t testing.TB, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for x := range width {
		for y := range height {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), 128, 255})
		}
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// upload uploads and returns the path segments of the content: server name and media id.
func upload(u *User, data []byte, contentType, name string) []string {
	u.t.Helper()
	query := ""
	if name != "" {
		query = Query("filename", name)
	}
	r := u.Do("POST", mediaUpload+query, data, "Content-Type", contentType).OK()
	return strings.Split(strings.TrimPrefix(r.Str("content_uri"), "mxc://"), "/")
}

func download(segments ...string) string {
	return V1(append([]string{"media", "download"}, segments...)...)
}

func TestMediaComesBackAsItWent(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("uploads"), s.User("downloads")
		data := []byte("smoke by day, fire by night\x00\xff")
		id := upload(u, data, "application/x-beacon", "봉수.bin")
		if id[0] != s.Server.Name {
			t.Errorf("server name %s", id[0])
		}
		r := other.Get(download(id...)).OK()
		if !bytes.Equal(r.Raw, data) || r.Header.Get("Content-Type") != "application/x-beacon" {
			t.Fatalf("came back as %q %s", r.Raw, r.Header.Get("Content-Type"))
		}
		if got := r.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") || !strings.Contains(got, "filename*=utf-8''") {
			t.Errorf("Content-Disposition %q", got)
		}
		named := other.Get(download(append(id, "other name.bin")...)).OK()
		if got := named.Header.Get("Content-Disposition"); !strings.Contains(got, "other name.bin") {
			t.Errorf("Content-Disposition of a named download %q", got)
		}
	})
}

func TestMediaIsServedSoThatNoBrowserRunsIt(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("sandbox")
		html := u.Get(download(upload(u, []byte("<script>alert(1)</script>"), "text/html", "")...)).OK()
		if got := html.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
			t.Errorf("HTML is served as %q", got)
		}
		if csp := html.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || !strings.Contains(csp, "default-src 'none'") {
			t.Errorf("Content-Security-Policy %q", csp)
		}
		if got := html.Header.Get("Cross-Origin-Resource-Policy"); got != "cross-origin" {
			t.Errorf("Cross-Origin-Resource-Policy %q", got)
		}
		img := u.Get(download(upload(u, picture(t, 4, 4), "image/png", "p.png")...)).OK()
		if got := img.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "inline") {
			t.Errorf("a PNG is served as %q", got)
		}
	})
}

func TestMediaNeedsAToken(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("token")
		id := upload(u, []byte("x"), "text/plain", "")
		c := s.Client()
		c.Get(download(id...)).WantError(401, "M_MISSING_TOKEN")
		c.Do("POST", mediaUpload, []byte("x"), "Content-Type", "text/plain").WantError(401, "M_MISSING_TOKEN")
		c.Get(V1("media", "config")).WantError(401, "M_MISSING_TOKEN")
	})
}

func TestMediaUnknownIsNotFound(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("nomedia")
		u.Get(download(s.Server.Name, "nosuchmedia")).WantError(404, "M_NOT_FOUND")
		u.Get(V1("media", "thumbnail", s.Server.Name, "nosuchmedia")+Query("width", "32", "height", "32")).WantError(404, "M_NOT_FOUND")
		for _, odd := range []string{"..", "../../etc/passwd", "a/b", "."} {
			if r := u.Get(download(s.Server.Name, odd)); r.Status != 404 && r.Status != 400 {
				t.Errorf("media id %q answered %d", odd, r.Status)
			}
		}
	})
}

func TestMediaConfigTellsTheLimit(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		if n := s.User("config").Get(V1("media", "config")).OK().Get(`m\.upload\.size`).Int(); n <= 0 {
			t.Fatalf("m.upload.size %d", n)
		}
	})
}

func TestMediaOverTheLimitIsTooLarge(t *testing.T) {
	s := On(t, Start(t, Options{Env: []string{"BONGSU_MEDIA_MAX_UPLOAD_SIZE=2KiB"}}))
	u := s.User("toolarge")
	limit := u.Get(V1("media", "config")).OK().Get(`m\.upload\.size`).Int()
	if limit != 2048 {
		t.Fatalf("m.upload.size is %d, the setting says 2048", limit)
	}
	u.Do("POST", mediaUpload, bytes.Repeat([]byte("x"), 2049), "Content-Type", "text/plain").WantError(413, "M_TOO_LARGE")
	u.Do("POST", mediaUpload, bytes.Repeat([]byte("x"), 2048), "Content-Type", "text/plain").OK()
}

func TestMediaThumbnailsScaleAndCrop(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("thumbs")
		id := upload(u, picture(t, 400, 200), "image/png", "wide.png")
		size := func(method string) image.Point {
			r := u.Get(V1("media", "thumbnail", id[0], id[1]) + Query("width", "96", "height", "96", "method", method)).OK()
			img, _, err := image.DecodeConfig(bytes.NewReader(r.Raw))
			if err != nil {
				t.Fatalf("%s: %v", method, err)
			}
			return image.Pt(img.Width, img.Height)
		}
		if got := size("scale"); got.X != 2*got.Y || got.X < 96 && got.Y < 96 {
			t.Errorf("scaled to %v", got)
		}
		if got := size("crop"); got.X != got.Y {
			t.Errorf("cropped to %v", got)
		}
		for _, query := range []string{"", Query("width", "0", "height", "10"), Query("width", "-5", "height", "10"), Query("width", "x", "height", "10")} {
			if r := u.Get(V1("media", "thumbnail", id[0], id[1]) + query); r.Status != 400 {
				t.Errorf("thumbnail%s answered %d", query, r.Status)
			}
		}
	})
}

func TestMediaThumbnailKeepsAnimationOnRequest(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("animated")
		anim := &gif.GIF{}
		for i := range 3 {
			frame := image.NewPaletted(image.Rect(0, 0, 200, 200), color.Palette{color.Black, color.White})
			frame.SetColorIndex(i, i, 1)
			anim.Image, anim.Delay = append(anim.Image, frame), append(anim.Delay, 10)
		}
		var buf bytes.Buffer
		if err := gif.EncodeAll(&buf, anim); err != nil {
			t.Fatal(err)
		}
		id := upload(u, buf.Bytes(), "image/gif", "a.gif")
		r := u.Get(V1("media", "thumbnail", id[0], id[1]) + Query("width", "64", "height", "64", "animated", "true")).OK()
		decoded, err := gif.DecodeAll(bytes.NewReader(r.Raw))
		if err != nil || len(decoded.Image) != 3 {
			t.Fatalf("the animated thumbnail: %v, %s", err, r.Header.Get("Content-Type"))
		}
		r = u.Get(V1("media", "thumbnail", id[0], id[1]) + Query("width", "64", "height", "64", "animated", "false")).OK()
		if r.Header.Get("Content-Type") == "image/gif" {
			if decoded, err := gif.DecodeAll(bytes.NewReader(r.Raw)); err != nil || len(decoded.Image) != 1 {
				t.Error("a still thumbnail moves")
			}
		}
	})
}

func TestMediaAsyncUpload(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u, other := s.User("async"), s.User("waits")
		uri := u.Post("/_matrix/media/v1/create", nil).OK().Str("content_uri")
		id := strings.Split(strings.TrimPrefix(uri, "mxc://"), "/")
		u.Get(download(id...)+Query("timeout_ms", "1")).WantError(504, "M_NOT_YET_UPLOADED")
		put := Path("/_matrix/media/v3/upload", id...)
		other.Do("PUT", put, []byte("mine"), "Content-Type", "text/plain").WantError(403, "M_FORBIDDEN")
		got := make(chan *Response, 1)
		go func() {
			defer close(got)
			if r, err := other.Try("GET", download(id...)+Query("timeout_ms", "20000"), nil); err == nil {
				got <- r
			}
		}()
		u.Do("PUT", put, []byte("at last"), "Content-Type", "text/plain").OK()
		select {
		case r := <-got:
			if r == nil || r.Status != 200 || string(r.Raw) != "at last" {
				t.Fatalf("the waiting download got %v", r)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("the waiting download did not end")
		}
		u.Do("PUT", put, []byte("again"), "Content-Type", "text/plain").WantError(409, "M_CANNOT_OVERWRITE_MEDIA")
	})
}

func TestMediaOfOldClients(t *testing.T) {
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("oldmedia")
		id := upload(u, picture(t, 100, 100), "image/png", "")
		c := s.Client()
		c.Get(Path("/_matrix/media/v3/download", id...)).OK()
		c.Get(Path("/_matrix/media/v3/thumbnail", id...) + Query("width", "32", "height", "32")).OK()
		u.Get("/_matrix/media/v3/config").OK()
	})
}

func TestMediaURLPreview(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<html><head><title>Fallback</title><meta property="og:title" content="Beacons &amp; hills">
<meta property="og:description" content="A page"></head><body>text</body></html>`))
	}))
	t.Cleanup(site.Close)
	Each(t, func(t *testing.T, s *Suite) {
		u := s.User("preview")
		u.Get(V1("media", "preview_url")+Query("url", site.URL+"/page")).OK().WantJSON("og:title", "Beacons & hills", "og:description", "A page")
		if r := u.Get(V1("media", "preview_url") + Query("url", "ftp://example.org/")); r.Status < 400 {
			t.Errorf("a preview of ftp: answered %d", r.Status)
		}
		s.Client().Get(V1("media", "preview_url")+Query("url", site.URL)).WantError(401, "M_MISSING_TOKEN")
	})
}
