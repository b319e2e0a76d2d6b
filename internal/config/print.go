package config

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const header = `# The settings of a Bongsu server, each with what it is for. All may be left out: the values that stand
# here are then the defaults, unless a line says otherwise.
#
# An environment variable overrides this file: BONGSU_ and the names in capitals joined by _, such as
# BONGSU_SERVER_NAME or BONGSU_MEDIA_MAX_UPLOAD_SIZE. Flags override both.
# Relative paths count from the folder that the server is started in.
`

// Print writes the settings as YAML that Load reads, each with its documentation. Secrets stay hidden: a line in a comment says only
// that one is set.
func (c *Config) Print(w io.Writer) error {
	docs, err := documentation()
	if err != nil {
		return err
	}
	p := printer{w: bufio.NewWriter(w), docs: docs, cfg: c, defaults: Default()}
	p.line(0, "%s", strings.TrimSuffix(header, "\n"))
	for _, n := range schema().children {
		p.node(n, 0)
	}
	if p.err != nil {
		return fmt.Errorf("writing the settings: %w", p.err)
	}
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("writing the settings: %w", err)
	}
	return nil
}

type printer struct {
	w        *bufio.Writer
	docs     map[string]string
	cfg      *Config
	defaults Config
	err      error
}

func (p *printer) line(depth int, format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, strings.Repeat("  ", depth)+format+"\n", args...)
	}
}

func (p *printer) node(n *node, depth int) {
	if depth == 0 {
		p.line(0, "")
	}
	p.comment(depth, p.docs[n.owner+"."+n.field])
	if len(n.children) > 0 {
		p.line(depth, "%s:", n.name)
		for _, c := range n.children {
			p.node(c, depth+1)
		}
		return
	}
	if n.min != "" {
		p.line(depth, "# From %s to %s.", n.min, n.max)
	}
	if hidden, ok := p.hidden(n); ok {
		p.line(depth, "# %s: %s", n.name, hidden)
		return
	}
	value, err := n.yaml(p.cfg)
	if err != nil && p.err == nil {
		p.err = err
	}
	usual, err := n.yaml(&p.defaults)
	if err != nil && p.err == nil {
		p.err = err
	}
	if value != usual {
		p.line(depth, "# The default is %s.", usual)
	}
	p.line(depth, "%s: %s", n.name, value)
}

// hidden tells what to show of a setting that is secret, or holds a password.
func (p *printer) hidden(n *node) (string, bool) {
	switch v := n.value(p.cfg).Interface().(type) {
	case Secret:
		return "(set, but not shown)", v != ""
	case string:
		shown := HidePassword(v)
		return shown, n.path == "database" && shown != v
	}
	return "", false
}

// HidePassword returns a database's URL fit for showing and logging.
func HidePassword(database string) string {
	scheme, rest, ok := strings.Cut(database, "://")
	if !ok {
		return database
	}
	main, query, hasQuery := strings.Cut(rest, "?")
	if at := strings.LastIndexByte(main, '@'); at >= 0 {
		if user, _, has := strings.Cut(main[:at], ":"); has {
			main = user + ":(hidden)" + main[at:]
		}
	}
	if !hasQuery {
		return scheme + "://" + main
	}
	options := strings.Split(query, "&")
	for i, option := range options {
		if key, _, _ := strings.Cut(option, "="); strings.Contains(strings.ToLower(key), "password") {
			options[i] = key + "=(hidden)"
		}
	}
	return scheme + "://" + main + "?" + strings.Join(options, "&")
}

// yaml writes the value of a setting in one line of YAML.
func (n *node) yaml(cfg *Config) (string, error) {
	texts := n.texts(cfg)
	if n.typ.Kind() != reflect.String && !n.isList() {
		return texts[0], nil
	}
	out := quoted(texts...)
	if !n.isList() {
		out = out.Content[0]
	}
	text, err := yaml.Marshal(out)
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", n.path, err)
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

// quoted makes a list of strings in one line, with quotes where YAML would read something else.
func quoted(texts ...string) *yaml.Node {
	list := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, text := range texts {
		item := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			item.Style = yaml.DoubleQuotedStyle
		}
		list.Content = append(list.Content, item)
	}
	return list
}

// maxColumns is where comments wrap.
const maxColumns = 110

func (p *printer) comment(depth int, doc string) {
	var line strings.Builder
	for word := range strings.FieldsSeq(doc) {
		if line.Len() > 0 && 2*depth+2+line.Len()+1+len(word) > maxColumns {
			p.line(depth, "# %s", line.String())
			line.Reset()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(word)
	}
	if line.Len() > 0 {
		p.line(depth, "# %s", line.String())
	}
}
