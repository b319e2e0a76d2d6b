package media

import "encoding/binary"

// probeGIF counts the frames of a GIF (GIF89a specification) by walking its blocks.
func probeGIF(data []byte) (imageInfo, error) {
	const extension, imageDescriptor, trailer = 0x21, 0x2c, 0x3b
	if len(data) < 13 {
		return imageInfo{}, errNotImage
	}
	info := imageInfo{
		contentType: typeGIF,
		width:       int(binary.LittleEndian.Uint16(data[6:])),
		height:      int(binary.LittleEndian.Uint16(data[8:])),
	}
	rest := skipBytes(data, 13+gifColorTable(data[10]))
	for len(rest) > 0 {
		switch rest[0] {
		case extension:
			rest = skipSubBlocks(skipBytes(rest, 2))
		case imageDescriptor:
			if len(rest) < 10 {
				return info.orDamaged()
			}
			if err := info.checkImageDescriptor(rest); err != nil {
				return imageInfo{}, err
			}
			info.frames++
			rest = skipSubBlocks(skipBytes(rest, 10+gifColorTable(rest[9])+1))
		case trailer:
			return info.orDamaged()
		default:
			return info.orDamaged()
		}
	}
	return info.orDamaged()
}

// orDamaged accepts a GIF that ends early, or in rubbish, if it has at least one frame: many do, and browsers show them.
func (i imageInfo) orDamaged() (imageInfo, error) {
	if i.frames == 0 {
		return imageInfo{}, errNotImage
	}
	return i, nil
}

func (i imageInfo) checkImageDescriptor(b []byte) error {
	field := func(at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
	if field(1)+field(5) > i.width || field(3)+field(7) > i.height {
		return errNotImage
	}
	return nil
}

// gifColorTable gives the length of the colour table that the packed field of a descriptor announces.
func gifColorTable(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}

func skipSubBlocks(b []byte) []byte {
	for len(b) > 0 {
		n := int(b[0])
		b = skipBytes(b, 1+n)
		if n == 0 {
			return b
		}
	}
	return nil
}

func skipBytes(b []byte, n int) []byte {
	if n >= len(b) {
		return nil
	}
	return b[n:]
}
