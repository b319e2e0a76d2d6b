package ops

import "runtime/debug"

// Build tells which program is running.
type Build struct {
	// Version is the release, or what the build system knew of it.
	Version string
	// Revision is the commit that was built, empty if it is not known.
	Revision string
	// Modified tells that the source differed from the commit.
	Modified bool
	// Go is the version of Go that compiled it.
	Go string
}

// ReadBuild reads what the Go toolchain wrote into the program.
func ReadBuild() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: "unknown"}
	}
	build := Build{Version: info.Main.Version, Go: info.GoVersion}
	if build.Version == "" || build.Version == "(devel)" {
		build.Version = "development"
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			build.Revision = s.Value
		case "vcs.modified":
			build.Modified = s.Value == "true"
		}
	}
	return build
}
