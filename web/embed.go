// Package web holds the web client, which is built into the program.
//
// The client is made by `make build` (npm and Vite) into dist. The package compiles without it: then Files says that there is no
// client, and whoever serves it shows something else.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built client, index.html at its root. It is false when the client was not built.
func Files() (fs.FS, bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil, false
	}
	return files, true
}
