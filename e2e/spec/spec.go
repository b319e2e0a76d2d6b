// Package spec holds the OpenAPI files of the Matrix client-server API, version 1.19, and the definitions that they refer
// to, as published by the Matrix.org Foundation at https://github.com/matrix-org/matrix-spec (folder data) under the Apache
// License 2.0 (the file LICENSE in this folder). The YAML and JSON files are copies and are never edited: where a schema is
// at fault, package conform says so in its list of known faults.
package spec

import "embed"

// Files holds the copies, under the paths that they have in the folder data of the specification's repository.
//
//go:embed api event-schemas
var Files embed.FS
