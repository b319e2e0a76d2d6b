package node

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"bongsu.org/bongsu/internal/media"
)

func TestMediaGoToEveryStore(t *testing.T) {
	cfg := settings(t, "")
	cfg.Media.Stores = []string{filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")}
	n := start(t, cfg)
	alice := n.register("alice")
	uri := n.must(alice, http.MethodPost, "/_matrix/media/v3/upload", "a picture").get("content_uri")
	for i, target := range n.parts.stores.Targets {
		found := 0
		for blob, err := range target.List(testContext(t)) {
			if err != nil || blob.Size != 9 {
				t.Errorf("%+v %v", blob, err)
			}
			found++
		}
		if found != 1 {
			t.Errorf("store %d has %d files", i, found)
		}
	}
	if err := os.RemoveAll(cfg.Media.Stores[0]); err != nil {
		t.Fatal(err)
	}
	mxc, err := media.ParseMXC(uri)
	if err != nil {
		t.Fatalf("%q is no content", uri)
	}
	if got := n.must(alice, http.MethodGet, "/_matrix/client/v1/media/download/"+mxc.Server+"/"+mxc.ID, ""); got.body != "a picture" {
		t.Errorf("read %q", got.body)
	}
}
