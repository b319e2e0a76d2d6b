package media

import (
	"bytes"
	"errors"
	"image/jpeg"
)

// errNotImage means that the content is not an image that thumbnails can be made of.
var errNotImage = errors.New("not an image of a known format, or a damaged one")

// Types of the images that are understood, found in the content itself: what the uploader declared is not asked.
const (
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
	typeGIF  = "image/gif"
	typeWebP = "image/webp"
)

// maxProfile bounds the colour profile that a thumbnail takes over from its source; those of cameras and phones have a few kilobytes.
const maxProfile = 64 << 10

// maxSide is the longest side that any of the decoders is given.
const maxSide = 1 << 16

// imageInfo is what the headers of an image say. A decoder is only let near content whose info was checked: the walk that makes
// it verifies that all lengths lie within the content and all frames within the canvas.
type imageInfo struct {
	contentType   string
	width, height int         // of the canvas, as stored
	frames        int         // at least 1
	orientation   orientation // how to turn the stored picture
	heavy         int         // memory that a decoder takes for a pixel, in units of four bytes; at least 1
	profile       []byte      // a JPEG's colour profile: its segments, as they stand in the file
}

// pixels is what decoding one frame costs, in pixels of four bytes.
func (i imageInfo) pixels() int64 { return int64(i.width) * int64(i.height) * int64(i.heavy) }

// allPixels is what decoding every frame costs.
func (i imageInfo) allPixels() int64 { return i.pixels() * int64(i.frames) }

// upright gives the size of the picture as a person sees it.
func (i imageInfo) upright() (width, height int) {
	if i.orientation.swapsSides() {
		return i.height, i.width
	}
	return i.width, i.height
}

// probeImage reads the headers of an image without decoding it.
func probeImage(data []byte) (imageInfo, error) {
	info, err := probeFormat(data)
	if err != nil {
		return imageInfo{}, err
	}
	if info.width < 1 || info.height < 1 || info.width > maxSide || info.height > maxSide {
		return imageInfo{}, errNotImage
	}
	info.frames, info.heavy = max(info.frames, 1), max(info.heavy, 1)
	return info, nil
}

func probeFormat(data []byte) (imageInfo, error) {
	switch sniffImage(data) {
	case typeJPEG:
		return probeJPEG(data)
	case typePNG:
		return probePNG(data)
	case typeGIF:
		return probeGIF(data)
	case typeWebP:
		return probeWebP(data)
	}
	return imageInfo{}, errNotImage
}

// sniffBytes is how much of a content sniffImage looks at.
const sniffBytes = 12

// sniffImage tells the type of an image by its first bytes; empty if it is none that is understood.
func sniffImage(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return typeJPEG
	case bytes.HasPrefix(data, []byte(pngSignature)):
		return typePNG
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return typeGIF
	case len(data) >= sniffBytes && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return typeWebP
	}
	return ""
}

func probeJPEG(data []byte) (imageInfo, error) {
	cfg, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return imageInfo{}, errNotImage
	}
	info := imageInfo{contentType: typeJPEG, width: cfg.Width, height: cfg.Height, frames: 1}
	jpegSegments(data, func(marker byte, body []byte) {
		const startOfProgressive, app1, app2 = 0xc2, 0xe1, 0xe2
		tiff, isExif := bytes.CutPrefix(body, []byte("Exif\x00\x00"))
		switch {
		case marker == startOfProgressive:
			info.heavy = 3 // the decoder keeps all coefficients, four bytes each, until the last scan
		case marker == app1 && isExif && info.orientation == 0:
			info.orientation = exifOrientation(tiff)
		case marker == app2 && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00")) && len(info.profile)+len(body) <= maxProfile:
			info.profile = append(append(info.profile, 0xff, marker, byte((len(body)+2)>>8), byte(len(body)+2)), body...)
		}
	})
	return info, nil
}

// jpegSegments calls f for each segment before the first scan (ITU-T T.81, annex B).
func jpegSegments(data []byte, f func(marker byte, body []byte)) {
	const startOfScan, fill = 0xda, 0xff
	for data = data[2:]; len(data) >= 4 && data[0] == 0xff; {
		if data[1] == fill {
			data = data[1:]
			continue
		}
		length := 2 + (int(data[2])<<8 | int(data[3]))
		if data[1] == startOfScan || length < 4 || len(data) < length {
			return
		}
		f(data[1], data[4:length])
		data = data[length:]
	}
}
