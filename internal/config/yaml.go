package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the settings file.
const maxFile = 1 << 20

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("reading the settings: %s is larger than %s", path, Size(maxFile))
	}
	return text, nil
}

// applyYAML sets what a settings file says.
func (l *loader) applyYAML(file string, text []byte) {
	y := yamlFile{loader: l, file: file}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return
	case err != nil:
		y.syntax(err)
		return
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		l.problem(y.at(&second), "", "a second document begins here; all settings belong in the first")
		return
	case !errors.Is(err, io.EOF):
		y.syntax(err)
		return
	}
	for _, content := range document.Content {
		y.section(l.root, content)
	}
}

// yamlFile applies one file.
type yamlFile struct {
	*loader
	file string
}

func (y *yamlFile) at(n *yaml.Node) string { return fmt.Sprintf("%s:%d", y.file, n.Line) }

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntax reports an error of the YAML reader with its line where it belongs.
func (y *yamlFile) syntax(err error) {
	text, where := err.Error(), y.file
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		text, where = text[len(m[0]):], y.file+":"+m[1]
	}
	y.problem(where, "", "this is not YAML: %s", strings.TrimPrefix(text, "yaml: "))
}

func (y *yamlFile) section(n *node, value *yaml.Node) {
	value = resolve(value)
	if value.Kind == yaml.ScalarNode && isNull(value) {
		return
	}
	if value.Kind == yaml.ScalarNode {
		if toggle := n.scalar(); toggle != nil {
			y.applyText(toggle, y.at(value), value.Value)
			return
		}
	}
	if value.Kind != yaml.MappingNode {
		y.problem(y.at(value), n.path, "settings are expected here, as `name: value` in lines of their own")
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(value.Content); i += 2 {
		key, item := value.Content[i], value.Content[i+1]
		if line, twice := seen[key.Value]; twice {
			y.problem(y.at(key), join(n.path, key.Value), "already set in line %d", line)
			continue
		}
		seen[key.Value] = key.Line
		y.setting(n, key, item)
	}
}

func (y *yamlFile) setting(n *node, key, item *yaml.Node) {
	child := n.child(key.Value)
	if child == nil {
		y.problem(y.at(key), join(n.path, key.Value), "there is no such setting%s", y.hint(n, key.Value))
		return
	}
	if len(child.children) > 0 {
		y.section(child, item)
		return
	}
	item = resolve(item)
	where := y.at(key)
	switch {
	case item.Kind == yaml.ScalarNode && isNull(item):
		y.applyText(child, where, "")
	case item.Kind == yaml.ScalarNode:
		y.applyText(child, where, item.Value)
	case item.Kind == yaml.SequenceNode && child.isList():
		y.list(child, where, item)
	default:
		y.problem(where, child.path, "one value is expected, not several")
	}
}

func (y *yamlFile) list(n *node, where string, items *yaml.Node) {
	parts := make([]string, 0, len(items.Content))
	for _, item := range items.Content {
		item = resolve(item)
		if item.Kind != yaml.ScalarNode || isNull(item) {
			y.problem(y.at(item), n.path, "each item must be one value")
			return
		}
		parts = append(parts, item.Value)
	}
	if err := n.setList(&y.cfg, parts); err != nil {
		y.problem(where, n.path, "%v", err)
		return
	}
	y.origins[n.path] = where
}

// hint looks for what an unknown key may have meant: first in its own section, then anywhere.
func (y *yamlFile) hint(n *node, key string) string {
	var names []string
	for _, c := range n.children {
		names = append(names, c.path)
	}
	if hint := didYouMean(join(n.path, key), names); hint != "" {
		return hint
	}
	return didYouMean(key, y.paths())
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Tag == "!!null" }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
