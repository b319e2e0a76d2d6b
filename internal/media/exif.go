package media

import (
	"encoding/binary"
	"image"

	"github.com/kovidgoyal/imaging"
)

// orientation is the value of the Exif tag of that name (Exif 2.32, 4.6.4): how the stored picture must be turned to be upright.
// Anything but 2 to 8 means that it is upright already.
type orientation uint16

// swapsSides reports whether the upright picture is as wide as the stored one is high.
func (o orientation) swapsSides() bool { return o >= 5 && o <= 8 }

// apply turns img upright.
func (o orientation) apply(img image.Image) image.Image {
	switch o {
	case 2:
		return imaging.FlipH(img)
	case 3:
		return imaging.Rotate180(img)
	case 4:
		return imaging.FlipV(img)
	case 5:
		return imaging.Transpose(img)
	case 6:
		return imaging.Rotate270(img)
	case 7:
		return imaging.Transverse(img)
	case 8:
		return imaging.Rotate90(img)
	}
	return img
}

// exifOrientation finds the orientation in a TIFF structure. Only the first directory is read, each entry once.
func exifOrientation(tiff []byte) orientation {
	const tagOrientation, typeShort = 0x0112, 3
	if len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 0
	}
	offset := uint64(order.Uint32(tiff[4:8]))
	if offset+2 > uint64(len(tiff)) {
		return 0
	}
	dir := tiff[offset:]
	count := int(order.Uint16(dir))
	for dir = dir[2:]; count > 0 && len(dir) >= 12; count, dir = count-1, dir[12:] {
		if order.Uint16(dir) == tagOrientation && order.Uint16(dir[2:]) == typeShort {
			return orientation(order.Uint16(dir[8:]))
		}
	}
	return 0
}
