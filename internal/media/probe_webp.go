package media

import (
	"encoding/binary"
	"image"
)

// riffChunks calls f for each chunk of a RIFF container's content.
func riffChunks(rest []byte, f func(name string, body []byte) error) error {
	for len(rest) >= 8 {
		length := uint64(binary.LittleEndian.Uint32(rest[4:]))
		if length > uint64(len(rest)-8) {
			return errNotImage
		}
		if err := f(string(rest[:4]), rest[8:8+length]); err != nil {
			return err
		}
		rest = skipBytes(rest, int(8+length+length&1)) // chunks are padded to an even length
	}
	return nil
}

// probeWebP reads a WebP, still or animated (RFC 9649).
func probeWebP(data []byte) (imageInfo, error) {
	info := imageInfo{contentType: typeWebP}
	extended := false
	err := riffChunks(data[12:], func(name string, body []byte) error {
		switch name {
		case "VP8X":
			if len(body) != 10 || info.width != 0 {
				return errNotImage
			}
			extended = true
			info.width, info.height = uint24(body[4:])+1, uint24(body[7:])+1
		case "VP8 ", "VP8L":
			size, err := webpBitstreamSize(name, body)
			if err != nil || extended && size != (image.Point{X: info.width, Y: info.height}) {
				return errNotImage
			}
			info.width, info.height, info.frames = size.X, size.Y, info.frames+1
		case "ANMF":
			info.frames++
			return info.checkAnimationFrame(body)
		case "EXIF":
			info.orientation = exifOrientation(body)
		}
		return nil
	})
	if err != nil || info.frames == 0 {
		return imageInfo{}, errNotImage
	}
	return info, nil
}

// checkAnimationFrame verifies that a frame lies on the canvas and that the bitstream inside has the size that the frame claims.
func (i imageInfo) checkAnimationFrame(anmf []byte) error {
	if len(anmf) < 16 {
		return errNotImage
	}
	x, y := 2*uint24(anmf), 2*uint24(anmf[3:])
	size := image.Point{X: uint24(anmf[6:]) + 1, Y: uint24(anmf[9:]) + 1}
	if x+size.X > i.width || y+size.Y > i.height {
		return errNotImage
	}
	seen := false
	err := riffChunks(anmf[16:], func(name string, body []byte) error {
		if name == "ALPH" && len(body) == 0 {
			return errNotImage
		}
		if name != "VP8 " && name != "VP8L" {
			return nil
		}
		seen = true
		got, err := webpBitstreamSize(name, body)
		if err != nil || got != size {
			return errNotImage
		}
		return nil
	})
	if err != nil || !seen {
		return errNotImage
	}
	return nil
}

// webpBitstreamSize reads the size out of a lossy (RFC 6386, 9.1) or lossless (RFC 9649, 3.4) bitstream's header.
func webpBitstreamSize(name string, b []byte) (image.Point, error) {
	if name == "VP8L" {
		if len(b) < 5 || b[0] != 0x2f {
			return image.Point{}, errNotImage
		}
		bits := binary.LittleEndian.Uint32(b[1:])
		return image.Point{X: int(bits&0x3fff) + 1, Y: int(bits>>14&0x3fff) + 1}, nil
	}
	if len(b) < 10 || b[3] != 0x9d || b[4] != 0x01 || b[5] != 0x2a {
		return image.Point{}, errNotImage
	}
	return image.Point{
		X: int(binary.LittleEndian.Uint16(b[6:]) & 0x3fff),
		Y: int(binary.LittleEndian.Uint16(b[8:]) & 0x3fff),
	}, nil
}

// firstWebPFrame makes a still WebP of the first frame of an animated one, and tells where on the canvas it lies.
func firstWebPFrame(data []byte) (still []byte, at image.Point, err error) {
	var frame []byte
	err = riffChunks(data[12:], func(name string, body []byte) error {
		if name == "ANMF" && frame == nil {
			frame = body
		}
		return nil
	})
	if err != nil || len(frame) < 16 {
		return nil, image.Point{}, errNotImage
	}
	const alphaFlag = 0x10
	header := []byte("WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00")
	header = append(header, frame[6:12]...) // frame width and height, as VP8X has the canvas
	var picture []byte
	err = riffChunks(frame[16:], func(name string, body []byte) error {
		switch name {
		case "ALPH":
			header[12] |= alphaFlag
		case "VP8 ", "VP8L":
		default:
			return nil
		}
		picture = append(picture, name...)
		picture = binary.LittleEndian.AppendUint32(picture, uint32(len(body)))
		picture = append(picture, body...)
		if len(body)%2 == 1 {
			picture = append(picture, 0)
		}
		return nil
	})
	if err != nil {
		return nil, image.Point{}, err
	}
	still = binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(header)+len(picture)))
	still = append(append(still, header...), picture...)
	return still, image.Point{X: 2 * uint24(frame), Y: 2 * uint24(frame[3:])}, nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
