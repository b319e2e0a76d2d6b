package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// FileName is the name of the settings file that is looked for in the data folder.
const FileName = "bongsu.yaml"

const (
	envPrefix = "BONGSU_"
	// envFile names the settings file, as --config does.
	envFile = envPrefix + "CONFIG"
)

// Sources are the places that settings come from, besides the defaults.
type Sources struct {
	// File is the settings file. If it is empty, BONGSU_CONFIG names it; if that is not set either, bongsu.yaml in the data folder
	// is read if it exists.
	File string
	// Env is the environment, as os.Environ returns it.
	Env []string
	// Flags are the flags that were given.
	Flags []Flag
}

// Flag is one flag that was given on the command line.
type Flag struct {
	// Name is the flag as the user writes it, such as --server-name.
	Name string
	// Setting is the path of the setting that it sets, such as server_name.
	Setting string
	// Value is what it was given.
	Value string
}

// Problem is one wrong setting.
type Problem struct {
	// Where is the place that set it: FILE:LINE, a variable or a flag.
	Where string
	// Setting is the path of the setting, or empty if the trouble is not with one setting.
	Setting string
	// Text says what is wrong and what is allowed.
	Text string
}

// String writes the problem in one line.
func (p Problem) String() string {
	if p.Setting == "" {
		return p.Where + ": " + p.Text
	}
	return p.Where + ": " + p.Setting + ": " + p.Text
}

// Error is every problem that Load found.
type Error struct{ Problems []Problem }

// Error writes a line for each problem.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Load gathers the settings from their sources and checks them. The error is an *Error if settings are wrong.
func Load(src Sources) (Config, error) {
	l := loader{cfg: Default(), root: schema(), origins: map[string]string{}}
	file, err := settingsFile(src)
	if err != nil {
		return Config{}, err
	}
	if file != "" {
		text, err := readFile(file)
		if err != nil {
			return Config{}, err
		}
		l.applyYAML(file, text)
	}
	l.applyEnv(src.Env)
	l.applyFlags(src.Flags)
	if len(l.problems) == 0 {
		l.check()
	}
	if len(l.problems) > 0 {
		return Config{}, &Error{Problems: l.problems}
	}
	return l.cfg, nil
}

// loader is a Config in the making.
type loader struct {
	cfg  Config
	root *node
	// origins says for each setting that is not at its default where it was set last.
	origins  map[string]string
	problems []Problem
}

func (l *loader) problem(where, setting, format string, args ...any) {
	l.problems = append(l.problems, Problem{Where: where, Setting: setting, Text: fmt.Sprintf(format, args...)})
}

// applyText sets one setting from a text and remembers from where.
func (l *loader) applyText(n *node, where, text string) {
	if err := n.set(&l.cfg, text); err != nil {
		l.problem(where, n.path, "%v", err)
		return
	}
	l.origins[n.path] = where
}

// paths lists the paths of all settings.
func (l *loader) paths() []string {
	var paths []string
	l.root.leaves(func(n *node) { paths = append(paths, n.path) })
	return paths
}

// ofOthers matches the variables of the project's own tests, and those that Kubernetes sets in every container for a service whose name
// begins with "bongsu".
var ofOthers = regexp.MustCompile(`^BONGSU_(TEST|E2E|BENCH)_|_SERVICE_HOST$|_SERVICE_PORT(_|$)|_PORT(_[0-9]+_(TCP|UDP|SCTP)(_|$)|$)`)

func (l *loader) applyEnv(env []string) {
	known := map[string]*node{}
	l.root.leaves(func(n *node) { known[n.variable()] = n })
	for _, c := range l.root.children {
		if n := c.scalar(); n != nil {
			known[c.variable()] = n
		}
	}
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) || name == envFile {
			continue
		}
		if n := known[name]; n != nil {
			l.applyText(n, "environment "+name, value)
			continue
		}
		if ofOthers.MatchString(name) {
			continue
		}
		names := make([]string, 0, len(known))
		l.root.leaves(func(n *node) { names = append(names, n.variable()) })
		l.problem("environment", name, "there is no such setting%s", didYouMean(name, names))
	}
}

func (l *loader) applyFlags(flags []Flag) {
	for _, f := range flags {
		n := l.root.find(f.Setting)
		if n != nil {
			n = n.scalar()
		}
		if n == nil {
			l.problem("flag "+f.Name, f.Setting, "there is no such setting")
			continue
		}
		l.applyText(n, "flag "+f.Name, f.Value)
	}
}

// settingsFile finds the file to read; empty means none.
func settingsFile(src Sources) (string, error) {
	if src.File != "" {
		return src.File, nil
	}
	data := Default().Data
	for _, entry := range src.Env {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case name == envFile && value != "":
			return value, nil
		case name == envPrefix+"DATA":
			data = value
		}
	}
	for _, f := range src.Flags {
		if f.Setting == "data" {
			data = f.Value
		}
	}
	file := filepath.Join(data, FileName)
	if _, err := os.Stat(file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return "", fmt.Errorf("looking for the settings file: %w", err)
	}
	return file, nil
}
