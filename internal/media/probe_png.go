package media

import (
	"encoding/binary"
	"strings"
)

const pngSignature = "\x89PNG\r\n\x1a\n"

// pngChunks calls f for each chunk up to IEND with its name, its data, and all its bytes (length, name, data, checksum). It fails
// if the content ends early or f fails.
func pngChunks(data []byte, f func(name string, body, whole []byte) error) error {
	rest := data[len(pngSignature):]
	for len(rest) >= 12 {
		length := uint64(binary.BigEndian.Uint32(rest))
		if length > uint64(len(rest)-12) {
			return errNotImage
		}
		name, whole := string(rest[4:8]), rest[:length+12]
		if err := f(name, whole[8:8+length], whole); err != nil {
			return err
		}
		if name == "IEND" {
			return nil
		}
		rest = rest[len(whole):]
	}
	return errNotImage
}

// probePNG reads a PNG or APNG (PNG specification, third edition).
func probePNG(data []byte) (imageInfo, error) {
	info := imageInfo{contentType: typePNG}
	animated, fcTL := false, 0
	err := pngChunks(data, func(name string, body, _ []byte) error {
		if info.width == 0 && name != "IHDR" {
			return errNotImage // IHDR comes first
		}
		switch name {
		case "IHDR":
			if len(body) != 13 || info.width != 0 {
				return errNotImage
			}
			w, h := binary.BigEndian.Uint32(body), binary.BigEndian.Uint32(body[4:])
			if w == 0 || h == 0 || w > maxSide || h > maxSide {
				return errNotImage
			}
			info.width, info.height, info.heavy = int(w), int(h), max(1, int(body[8])/8) // body[8]: bits a sample
		case "acTL":
			animated = true
		case "fcTL":
			fcTL++
			return info.checkFrameControl(body)
		case "eXIf":
			info.orientation = exifOrientation(body)
		}
		return nil
	})
	if err != nil || info.width == 0 {
		return imageInfo{}, errNotImage
	}
	if animated {
		info.frames = fcTL
	}
	return info, nil
}

// checkFrameControl verifies that an APNG frame lies on the canvas.
func (i imageInfo) checkFrameControl(fcTL []byte) error {
	if len(fcTL) != 26 {
		return errNotImage
	}
	field := func(at int) int64 { return int64(binary.BigEndian.Uint32(fcTL[at:])) }
	w, h, x, y := field(4), field(8), field(12), field(16)
	if w == 0 || h == 0 || x+w > int64(i.width) || y+h > int64(i.height) {
		return errNotImage
	}
	return nil
}

// plainPNG keeps only the chunks that make the picture. Colour profiles and texts are compressed without a bound on what they
// unfold to, so no decoder gets to see them.
func plainPNG(data []byte) ([]byte, error) {
	const keep = "IHDR PLTE tRNS acTL fcTL IDAT fdAT IEND"
	out := make([]byte, 0, len(data))
	out = append(out, pngSignature...)
	err := pngChunks(data, func(name string, _, whole []byte) error {
		if strings.Contains(keep, name) {
			out = append(out, whole...)
		}
		return nil
	})
	return out, err
}
