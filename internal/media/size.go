package media

// Method is how a thumbnail is fitted.
type Method string

// The methods of the specification (Client-Server API, "Thumbnails").
const (
	// Crop gives a picture of the asked aspect ratio, cut from the middle.
	Crop Method = "crop"
	// Scale keeps the picture's own aspect ratio.
	Scale Method = "scale"
)

// Size is a box that a thumbnail is made for.
type Size struct {
	Width, Height int
	Method        Method
}

// scaleSizes are the boxes that scaled thumbnails are made for: the specification's, and one for large screens.
var scaleSizes = []Size{{320, 240, Scale}, {640, 480, Scale}, {800, 600, Scale}, {1600, 1200, Scale}}

// cropSides are the lengths of the longer side of cropped thumbnails: the specification's two, and those that go with scaleSizes.
var cropSides = []int{32, 96, 320, 640, 800, 1600}

// snap gives the smallest box made here that is not smaller than the asked one, so that few variants of an image exist. It
// reports false if the asked one is larger than all: then only the original is large enough.
func (s Size) snap() (Size, bool) {
	if s.Method == Crop {
		return s.snapCrop()
	}
	for _, box := range scaleSizes {
		if s.Width <= box.Width && s.Height <= box.Height {
			return box, true
		}
	}
	return Size{}, false
}

func (s Size) snapCrop() (Size, bool) {
	long := max(s.Width, s.Height)
	for _, side := range cropSides {
		if long <= side {
			return Size{ceilDiv(s.Width*side, long), ceilDiv(s.Height*side, long), Crop}, true
		}
	}
	return Size{}, false
}

// geometry says how to make a thumbnail: scale the whole upright picture to one size, then cut the middle to another.
type geometry struct {
	scaleWidth, scaleHeight int
	width, height           int
}

// fit computes how a picture of the given size is brought into the box. It never enlarges (Client-Server API, "Thumbnails":
// "Servers MUST NOT upscale thumbnails under any circumstance").
func (s Size) fit(width, height int) geometry {
	if s.Method == Crop {
		return s.fitCrop(width, height)
	}
	if width <= s.Width && height <= s.Height {
		return geometry{width, height, width, height}
	}
	w, h := s.Width, max(1, height*s.Width/width)
	if h > s.Height {
		w, h = max(1, width*s.Height/height), s.Height
	}
	return geometry{w, h, w, h}
}

func (s Size) fitCrop(width, height int) geometry {
	if width < s.Width || height < s.Height { // too small to cover the box: keep the scale, cut to the aspect ratio
		w, h := width, max(1, width*s.Height/s.Width)
		if h > height {
			w, h = max(1, height*s.Width/s.Height), height
		}
		return geometry{width, height, w, h}
	}
	w, h := s.Width, ceilDiv(height*s.Width, width)
	if h < s.Height {
		w, h = ceilDiv(width*s.Height, height), s.Height
	}
	return geometry{w, h, s.Width, s.Height}
}

// isWhole reports whether the thumbnail would be the picture itself.
func (g geometry) isWhole(width, height int) bool { return g.width == width && g.height == height }

func ceilDiv(a, b int) int { return (a + b - 1) / b }
