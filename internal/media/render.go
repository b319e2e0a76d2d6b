package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"

	"github.com/kovidgoyal/imaging"
	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"
)

const (
	jpegQuality = 85
	// maxFrames is the number of frames above which an animation gets a still thumbnail.
	maxFrames = 1000
)

// errTooManyPixels means that an image would take more memory to decode than is allowed.
var errTooManyPixels = errors.New("image has too many pixels")

// renderer makes thumbnails, within a budget of pixels that are decoded at the same time.
type renderer struct {
	maxPixels int64
	budget    *semaphore.Weighted
}

func newRenderer(maxPixels int64) *renderer {
	return &renderer{maxPixels: maxPixels, budget: semaphore.NewWeighted(maxPixels)}
}

// rendered is a finished thumbnail. A nil data means that the original content itself is the answer.
type rendered struct {
	data        []byte
	contentType string
}

// render makes a thumbnail for the box, of at least the size that was asked for where the content allows it.
func (r *renderer) render(ctx context.Context, data []byte, box Size, animated bool) (out rendered, err error) {
	info, err := probeImage(data)
	if err != nil {
		return rendered{}, err
	}
	animated = animated && info.frames > 1 && info.frames <= maxFrames && info.allPixels() <= r.maxPixels
	width, height := info.upright()
	geo := box.fit(width, height)
	if geo.isWhole(width, height) && (animated || info.frames == 1) {
		return rendered{contentType: info.contentType}, nil
	}
	cost := info.pixels()
	if animated {
		cost = info.allPixels()
	}
	if cost > r.maxPixels {
		return rendered{}, errTooManyPixels
	}
	if err := r.budget.Acquire(ctx, cost); err != nil {
		return rendered{}, fmt.Errorf("waiting to make a thumbnail: %w", err)
	}
	defer r.budget.Release(cost)
	defer func() { // a decoder that panics on damaged content says no more than that the content is damaged
		if p := recover(); p != nil {
			out, err = rendered{}, fmt.Errorf("%w: decoder failed: %v", errNotImage, p)
		}
	}()
	if animated {
		return renderAnimation(data, info, geo)
	}
	return renderStill(data, info, geo)
}

func renderStill(data []byte, info imageInfo, geo geometry) (rendered, error) {
	img, err := decodeStill(data, info)
	if err != nil {
		return rendered{}, fmt.Errorf("%w: %w", errNotImage, err)
	}
	if _, ok := img.(*image.YCbCr); !ok {
		info.profile = nil // it speaks of other channels than those that are written
	}
	img = geo.apply(img, info.orientation)
	var buf bytes.Buffer
	if imaging.IsOpaque(img) {
		if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
			return rendered{}, fmt.Errorf("encoding a thumbnail: %w", err)
		}
		return rendered{withProfile(buf.Bytes(), info.profile), typeJPEG}, nil
	}
	if err := png.Encode(&buf, img); err != nil {
		return rendered{}, fmt.Errorf("encoding a thumbnail: %w", err)
	}
	return rendered{buf.Bytes(), typePNG}, nil
}

// withProfile puts the segments of a colour profile at the beginning of a JPEG: colours look as they do in the source.
func withProfile(data, profile []byte) []byte {
	const startOfImage = 2
	return slices.Insert(data, startOfImage, profile...)
}

// apply scales, turns and cuts. Scaling comes first, so that the large picture is touched only once.
func (g geometry) apply(img image.Image, o orientation) image.Image {
	w, h := g.scaleWidth, g.scaleHeight
	if o.swapsSides() {
		w, h = h, w
	}
	img = o.apply(imaging.ResizeWithOpacity(img, w, h, imaging.CatmullRom, imaging.IsOpaque(img)))
	if g.width != g.scaleWidth || g.height != g.scaleHeight {
		return imaging.CropCenter(img, g.width, g.height)
	}
	return img
}

// decodeStill decodes the picture that is shown where nothing moves: the only one, or the first.
func decodeStill(data []byte, info imageInfo) (image.Image, error) {
	switch info.contentType {
	case typeJPEG:
		return jpeg.Decode(bytes.NewReader(data))
	case typePNG:
		plain, err := plainPNG(data)
		if err != nil {
			return nil, err
		}
		return png.Decode(bytes.NewReader(plain))
	case typeGIF:
		img, err := gif.Decode(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		return onCanvas(img, img.Bounds().Min, info), nil
	}
	if info.frames == 1 {
		if img, err := webp.Decode(bytes.NewReader(data)); err == nil {
			return img, nil
		}
	}
	still, at, err := firstWebPFrame(data)
	if err != nil {
		return nil, err
	}
	img, err := webp.Decode(bytes.NewReader(still))
	if err != nil {
		return nil, err
	}
	return onCanvas(img, at, info), nil
}

// onCanvas puts a frame that does not fill the canvas where it belongs.
func onCanvas(img image.Image, at image.Point, info imageInfo) image.Image {
	b := img.Bounds()
	if b.Dx() == info.width && b.Dy() == info.height {
		return img
	}
	canvas := image.NewNRGBA(image.Rect(0, 0, info.width, info.height))
	draw.Draw(canvas, image.Rectangle{Min: at, Max: at.Add(b.Size())}, img, b.Min, draw.Src)
	return canvas
}

// renderAnimation keeps every frame, as APNG: no lossless or lossy WebP encoder for animations exists for Go that is kept up. If
// the result is larger than the original, the original is the better answer.
func renderAnimation(data []byte, info imageInfo, geo geometry) (rendered, error) {
	source := data
	if info.contentType == typePNG {
		plain, err := plainPNG(data)
		if err != nil {
			return rendered{}, err
		}
		source = plain
	}
	anim, _, err := imaging.DecodeAll(bytes.NewReader(source), imaging.Backends(imaging.GO_IMAGE),
		imaging.AutoOrientation(false), imaging.ColorSpace(imaging.NO_CHANGE_OF_COLORSPACE))
	if err != nil {
		return rendered{}, fmt.Errorf("%w: %w", errNotImage, err)
	}
	if len(anim.Frames) < 2 {
		return renderStill(data, info, geo)
	}
	anim.DefaultImage = nil // an APNG's picture for those who cannot play it
	first := anim.Frames[0]
	first.Image, first.TopLeft = onCanvas(first.Image, first.TopLeft, info), image.Point{}
	anim.Coalesce()
	for _, frame := range anim.Frames {
		frame.Image = geo.apply(frame.Image, info.orientation)
	}
	var buf bytes.Buffer
	if err := anim.EncodeAsPNG(&buf); err != nil {
		return rendered{}, fmt.Errorf("encoding an animated thumbnail: %w", err)
	}
	if buf.Len() >= len(data) {
		return rendered{contentType: info.contentType}, nil
	}
	return rendered{buf.Bytes(), typePNG}, nil
}
