package e2e

import (
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"

	"bongsu.org/bongsu/e2e/conform"
	"bongsu.org/bongsu/internal/clientapi"
)

var update = flag.Bool("update", false, "rewrite docs/conformance.md")

// parameter is a parameter in the path of an operation.
var parameter = regexp.MustCompile(`\{[^}]*\}`)

// TestConformancePage holds docs/conformance.md against the routes of the server.
func TestConformancePage(t *testing.T) {
	spec, err := loadSpec()
	if err != nil {
		t.Fatal(err)
	}
	api := clientapi.New(clientapi.Deps{ServerName: serverName, Log: slog.New(slog.DiscardHandler)})
	page := conformancePage(spec.Operations, matcher(api.Routes()))
	file := filepath.Join("..", "docs", "conformance.md")
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	committed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != page {
		t.Fatal("docs/conformance.md is stale: go test ./e2e -run TestConformancePage -update")
	}
}

// matcher tells whether one of the routes serves an operation.
func matcher(routes []clientapi.Route) func(*conform.Operation) bool {
	mux := chi.NewMux()
	for _, r := range routes {
		mux.Method(r.Method, r.Pattern, http.NotFoundHandler())
	}
	return func(o *conform.Operation) bool {
		return mux.Match(chi.NewRouteContext(), o.Method, parameter.ReplaceAllString(o.Path, "x"))
	}
}

func conformancePage(operations []*conform.Operation, served func(*conform.Operation) bool) string {
	type file struct {
		name         string
		served, open []*conform.Operation
	}
	var files []*file
	total := 0
	for _, o := range operations {
		if len(files) == 0 || files[len(files)-1].name != o.File {
			files = append(files, &file{name: o.File})
		}
		f := files[len(files)-1]
		if served(o) {
			f.served = append(f.served, o)
			total++
		} else {
			f.open = append(f.open, o)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# Conformance

Which operations of the Matrix client-server API, version 1.19, the server answers: **%d of %d**. A test makes this page from
the specification's OpenAPI files and the server's routes; after a change of either, run

    go test ./e2e -run TestConformancePage -update

That an operation is served says that it is there. That it does what the specification says is the matter of the tests in
e2e/, which also hold every response against the schema of its operation.

| file | served | not served yet |
|---|---:|---:|
`, total, len(operations))
	for _, f := range files {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", f.name, len(f.served), len(f.open))
	}
	write := func(title string, pick func(*file) []*conform.Operation) {
		fmt.Fprintf(&b, "\n## %s\n", title)
		for _, f := range files {
			if len(pick(f)) == 0 {
				continue
			}
			fmt.Fprintf(&b, "\n%s\n\n", f.name)
			for _, o := range pick(f) {
				note := ""
				if o.Deprecated {
					note = " (deprecated)"
				}
				fmt.Fprintf(&b, "- `%s`%s\n", o, note)
			}
		}
	}
	write("Not served yet", func(f *file) []*conform.Operation { return f.open })
	write("Served", func(f *file) []*conform.Operation { return f.served })
	return b.String()
}
