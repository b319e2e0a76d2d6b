package media

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"testing"

	"github.com/kovidgoyal/imaging/apng"
	"pgregory.net/rapid"
)

const testPixels = 4 << 20

func decodeThumbnail(t *testing.T, r rendered) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(r.data))
	must(t, err)
	return img
}

func TestRenderStill(t *testing.T) {
	half := gradient(400, 200)
	half.SetNRGBA(399, 199, color.NRGBA{})
	tests := []struct {
		name          string
		data          []byte
		box           Size
		width, height int // 0: the original
		contentType   string
	}{
		{"png scaled to the width", pngOf(t, gradient(800, 200)), Size{320, 240, Scale}, 320, 80, typeJPEG},
		{"png scaled to the height", pngOf(t, gradient(200, 800)), Size{320, 240, Scale}, 60, 240, typeJPEG},
		{"transparency kept", pngOf(t, half), Size{320, 240, Scale}, 320, 160, typePNG},
		{"jpeg cropped", jpegOf(t, gradient(400, 200)), Size{96, 96, Crop}, 96, 96, typeJPEG},
		{"crop too small to cover keeps its scale", pngOf(t, gradient(200, 50)), Size{96, 96, Crop}, 50, 50, typeJPEG},
		{"smaller than asked", pngOf(t, gradient(100, 100)), Size{320, 240, Scale}, 0, 0, typePNG},
		{"one pixel high", pngOf(t, gradient(2000, 1)), Size{320, 240, Scale}, 320, 1, typeJPEG},
		{"still webp", testFile(t, "still.webp"), Size{32, 32, Crop}, 32, 32, typeJPEG},
		{"webp with alpha", testFile(t, "alpha.webp"), Size{32, 32, Crop}, 32, 32, typePNG},
		{"first frame of a webp", testFile(t, "animated.webp"), Size{32, 32, Crop}, 32, 32, typeJPEG},
		{"a still of an animation is a still, even if small", testFile(t, "animated.webp"), Size{320, 240, Scale}, 120, 80, typeJPEG},
		{"first frame of a gif", movingGIF(t, 100, 60, 3), Size{32, 32, Crop}, 32, 32, typeJPEG},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := newRenderer(testPixels).render(context.Background(), tt.data, tt.box, false)
			must(t, err)
			if r.contentType != tt.contentType {
				t.Errorf("content type %s, want %s", r.contentType, tt.contentType)
			}
			if tt.width == 0 {
				if r.data != nil {
					t.Error("want the original")
				}
				return
			}
			if got := decodeThumbnail(t, r).Bounds().Size(); got != image.Pt(tt.width, tt.height) {
				t.Errorf("size %v, want %dx%d", got, tt.width, tt.height)
			}
		})
	}
}

// TestRenderTurnsUpright stores the same upright picture in each of the eight orientations: the thumbnails must be alike.
func TestRenderTurnsUpright(t *testing.T) {
	upright := gradient(400, 300)
	inverse := map[orientation]orientation{1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
	for o, back := range inverse {
		data := jpegTurned(t, back.apply(upright), o)
		r, err := newRenderer(testPixels).render(context.Background(), data, Size{320, 240, Scale}, false)
		must(t, err)
		img := decodeThumbnail(t, r)
		if img.Bounds().Size() != image.Pt(320, 240) {
			t.Errorf("orientation %d: size %v", o, img.Bounds().Size())
		}
		if red, _, _, _ := img.At(40, 40).RGBA(); red < 0xc000 {
			t.Errorf("orientation %d: the upper left corner is not red", o)
		}
		if red, _, _, _ := img.At(280, 200).RGBA(); red > 0x4000 {
			t.Errorf("orientation %d: the lower right corner is red", o)
		}
	}
}

func TestRenderKeepsColourProfile(t *testing.T) {
	first, second := "ICC_PROFILE\x00\x01\x02some", "ICC_PROFILE\x00\x02\x02profile"
	data := withSegment(withSegment(jpegOf(t, gradient(400, 300)), 0xe2, second), 0xe2, first)
	r, err := newRenderer(testPixels).render(context.Background(), data, Size{32, 32, Crop}, false)
	must(t, err)
	decodeThumbnail(t, r)
	var got []string
	jpegSegments(r.data, func(marker byte, body []byte) {
		if marker == 0xe2 {
			got = append(got, string(body))
		}
	})
	if !slices.Equal(got, []string{first, second}) {
		t.Errorf("got %q", got)
	}
}

func TestRenderAnimation(t *testing.T) {
	noisy := movingGIF(t, 640, 480, 12)
	for name, data := range map[string][]byte{"gif": noisy, "apng": animatedPNG(t), "webp": testFile(t, "animated.webp")} {
		t.Run(name, func(t *testing.T) {
			r, err := newRenderer(8<<20).render(context.Background(), data, Size{32, 32, Crop}, true)
			must(t, err)
			if r.data == nil {
				return // smaller than any thumbnail of it
			}
			if r.contentType != typePNG {
				t.Errorf("content type %s", r.contentType)
			}
			a, err := apng.DecodeAll(bytes.NewReader(r.data))
			must(t, err)
			if len(a.Frames) < 3 || a.Frames[0].Image.Bounds().Dx() != 32 {
				t.Errorf("%d frames of %v", len(a.Frames), a.Frames[0].Image.Bounds())
			}
		})
	}
	t.Run("small animation is its own thumbnail", func(t *testing.T) {
		r, err := newRenderer(testPixels).render(context.Background(), movingGIF(t, 100, 60, 3), Size{320, 240, Scale}, true)
		must(t, err)
		if r.data != nil || r.contentType != typeGIF {
			t.Errorf("got %d bytes of %s", len(r.data), r.contentType)
		}
	})
	t.Run("too long an animation gets a still", func(t *testing.T) {
		r, err := newRenderer(640*480*2).render(context.Background(), noisy, Size{32, 32, Crop}, true)
		must(t, err)
		if r.contentType != typeJPEG {
			t.Errorf("content type %s", r.contentType)
		}
	})
}

func animatedPNG(t *testing.T) []byte {
	t.Helper()
	a := apng.APNG{}
	for i := range 4 {
		m := gradient(300, 200)
		m.SetNRGBA(i, 0, color.NRGBA{R: 255, A: 255})
		a.Frames = append(a.Frames, apng.Frame{Image: m, DelayNumerator: 1, DelayDenominator: 10})
	}
	var b bytes.Buffer
	must(t, apng.Encode(&b, a))
	return b.Bytes()
}

func TestRenderRefuses(t *testing.T) {
	bomb := &gif.GIF{Config: image.Config{Width: 65000, Height: 65000}}
	bomb.Image = append(bomb.Image, image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.Black}))
	bomb.Delay = []int{0}
	var gifBomb bytes.Buffer
	must(t, gif.EncodeAll(&gifBomb, bomb))
	tests := map[string]struct {
		data []byte
		want error
	}{
		"png bomb":         {pngHeader(60000, 60000), errTooManyPixels},
		"png beyond sense": {pngHeader(1<<31, 1<<31), errNotImage},
		"gif bomb":         {gifBomb.Bytes(), errTooManyPixels},
		"text":             {[]byte("hello"), errNotImage},
		"nothing":          {nil, errNotImage},
		"svg":              {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), errNotImage},
		"broken off":       {pngOf(t, gradient(400, 400))[:200], errNotImage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := newRenderer(testPixels).render(context.Background(), tt.data, Size{32, 32, Crop}, false)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestRenderWaitsForBudget(t *testing.T) {
	r := newRenderer(testPixels)
	must(t, r.budget.Acquire(context.Background(), testPixels))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.render(ctx, pngOf(t, gradient(400, 400)), Size{32, 32, Crop}, false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestPlainPNGDropsProfiles: a colour profile may unfold to any size.
func TestPlainPNGDropsProfiles(t *testing.T) {
	data := pngOf(t, gradient(10, 10))
	withProfile := bytes.Join([][]byte{data[:33], pngChunk("iCCP", []byte("x\x00\x00junk")), data[33:]}, nil)
	plain, err := plainPNG(withProfile)
	must(t, err)
	if !bytes.Equal(plain, data) {
		t.Error("chunk kept")
	}
}

func TestSnap(t *testing.T) {
	tests := []struct {
		ask, want Size
		ok        bool
	}{
		{Size{1, 1, Scale}, Size{320, 240, Scale}, true},
		{Size{320, 240, Scale}, Size{320, 240, Scale}, true},
		{Size{321, 240, Scale}, Size{640, 480, Scale}, true},
		{Size{100, 600, Scale}, Size{800, 600, Scale}, true},
		{Size{2000, 10, Scale}, Size{}, false},
		{Size{32, 32, Crop}, Size{32, 32, Crop}, true},
		{Size{33, 33, Crop}, Size{96, 96, Crop}, true},
		{Size{100, 50, Crop}, Size{320, 160, Crop}, true},
		{Size{5000, 5000, Crop}, Size{}, false},
	}
	for _, tt := range tests {
		if got, ok := tt.ask.snap(); got != tt.want || ok != tt.ok {
			t.Errorf("%v: got %v %v, want %v", tt.ask, got, ok, tt.want)
		}
	}
}

func TestSizeProperties(t *testing.T) {
	side := rapid.IntRange(1, 2000)
	rapid.Check(t, func(t *rapid.T) {
		ask := Size{side.Draw(t, "w"), side.Draw(t, "h"), rapid.SampledFrom([]Method{Crop, Scale}).Draw(t, "method")}
		box, ok := ask.snap()
		if !ok {
			return
		}
		if box.Width < ask.Width || box.Height < ask.Height {
			t.Fatalf("%v snapped down to %v", ask, box)
		}
		w, h := side.Draw(t, "image width"), side.Draw(t, "image height")
		g := box.fit(w, h)
		if g.scaleWidth > w || g.scaleHeight > h || g.width > g.scaleWidth || g.height > g.scaleHeight || g.width < 1 || g.height < 1 {
			t.Fatalf("%dx%d into %v: %+v", w, h, box, g)
		}
		covers := g.width >= ask.Width && g.height >= ask.Height
		if ask.Method == Crop && w >= box.Width && h >= box.Height && !covers {
			t.Fatalf("%dx%d cropped to %v is smaller than %v", w, h, g, ask)
		}
		touches := g.width == box.Width || g.height == box.Height
		if ask.Method == Scale && !touches && !g.isWhole(w, h) {
			t.Fatalf("%dx%d scaled to %v does not reach %v", w, h, g, box)
		}
	})
}

func FuzzProbeImage(f *testing.F) {
	for _, seed := range [][]byte{
		pngOf(f, gradient(4, 4)), jpegTurned(f, gradient(4, 4), 6), movingGIF(f, 8, 8, 3),
		testFile(f, "still.webp"), testFile(f, "alpha.webp"), testFile(f, "animated.webp"), pngHeader(1, 1),
	} {
		f.Add(seed)
	}
	r := newRenderer(1 << 16)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, animated := range []bool{false, true} {
			out, err := r.render(context.Background(), data, Size{32, 32, Crop}, animated)
			if err == nil && out.contentType == "" {
				t.Error("neither a thumbnail nor an error")
			}
		}
	})
}
