package conform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"sort"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"bongsu.org/bongsu/e2e/spec"
)

// clientAPI is the folder of the client-server API among the specification's files.
const clientAPI = "api/client-server"

// Operation is one method on one path of the client-server API.
type Operation struct {
	Method     string
	Path       string // with the parameters in braces: /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}
	ID         string // the operationId
	File       string // sync.yaml
	Deprecated bool

	segments  []string
	responses map[string]any // by status; references resolved
	pointers  map[string]string
}

// String names the operation as a request line.
func (o *Operation) String() string { return o.Method + " " + o.Path }

// Spec is the client-server API: its operations and the compiler of its schemas.
type Spec struct {
	Operations []*Operation // by file, then path, then method

	mu       sync.Mutex // guards compiler, which keeps what it compiled
	compiler *jsonschema.Compiler
}

// Load reads the specification's files.
func Load() (*Spec, error) {
	s := &Spec{compiler: jsonschema.NewCompiler()}
	s.compiler.DefaultDraft(jsonschema.Draft2020)
	s.compiler.UseLoader(loader{})
	files, err := fs.Glob(spec.Files, clientAPI+"/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the specification: %w", err)
	}
	for _, file := range files {
		if err := s.addFile(file); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
	}
	sort.SliceStable(s.Operations, func(i, j int) bool {
		a, b := s.Operations[i], s.Operations[j]
		return a.File+"\x00"+a.Path+"\x00"+a.Method < b.File+"\x00"+b.Path+"\x00"+b.Method
	})
	return s, nil
}

// document is as much of an OpenAPI file as is needed to find operations.
type document struct {
	Servers []struct {
		Variables struct {
			BasePath struct {
				Default string `json:"default"`
			} `json:"basePath"`
		} `json:"variables"`
	} `json:"servers"`
	Paths map[string]map[string]struct {
		OperationID string         `json:"operationId"`
		Deprecated  bool           `json:"deprecated"`
		Responses   map[string]any `json:"responses"`
	} `json:"paths"`
	Components struct {
		Responses map[string]any `json:"responses"`
	} `json:"components"`
}

func (s *Spec) addFile(file string) error {
	raw, err := readJSON(file)
	if err != nil {
		return err
	}
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return err
	}
	if len(doc.Servers) != 1 {
		return fmt.Errorf("%d servers, want 1", len(doc.Servers))
	}
	base := doc.Servers[0].Variables.BasePath.Default
	for p, methods := range doc.Paths {
		for method, op := range methods {
			o := &Operation{
				// One path has a space at its end in the files, so that two of them may describe it.
				Method: strings.ToUpper(method), Path: base + strings.TrimSpace(p), ID: op.OperationID, File: path.Base(file), Deprecated: op.Deprecated,
				responses: map[string]any{}, pointers: map[string]string{},
			}
			o.segments = strings.Split(strings.TrimPrefix(o.Path, "/"), "/")
			for status, response := range op.Responses {
				pointer := "/paths/" + escapePointer(p) + "/" + method + "/responses/" + status
				o.addResponse(status, response, "spec:///"+file+"#"+pointer, file, doc.Components.Responses)
			}
			s.Operations = append(s.Operations, o)
		}
	}
	return nil
}

// addResponse keeps a response and where its schemas are, following a reference into the same file's components.
func (o *Operation) addResponse(status string, response any, location, file string, components map[string]any) {
	fields, _ := response.(map[string]any)
	if ref, ok := fields["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/responses/")
		response = components[name]
		location = "spec:///" + file + "#/components/responses/" + escapePointer(name)
	}
	o.responses[status] = response
	o.pointers[status] = location
}

// contentTypes returns the media types that a status may have; documented is false for a status that the operation lacks.
func (o *Operation) contentTypes(status string) (types []string, documented bool) {
	response, documented := o.responses[status]
	fields, _ := response.(map[string]any)
	content, _ := fields["content"].(map[string]any)
	for t := range content {
		types = append(types, t)
	}
	sort.Strings(types)
	return types, documented
}

// schema compiles the schema of a status's JSON body; nil if the operation gives none.
func (s *Spec) schema(o *Operation, status, contentType string) (*jsonschema.Schema, error) {
	fields, _ := o.responses[status].(map[string]any)
	content, _ := fields["content"].(map[string]any)
	media, _ := content[contentType].(map[string]any)
	if _, ok := media["schema"]; !ok {
		return nil, nil
	}
	return s.compile(o.pointers[status] + "/content/" + escapePointer(contentType) + "/schema")
}

func (s *Spec) compile(location string) (*jsonschema.Schema, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.compiler.Compile(location)
}

// Find returns the operation of a request, nil if the API has none. A path that is spelled out in the API wins over one
// with parameters. The path is taken as it is on the wire, so that an escaped slash stays inside its segment.
func (s *Spec) Find(method, escapedPath string) *Operation {
	segments := strings.Split(strings.TrimPrefix(escapedPath, "/"), "/")
	var best *Operation
	for _, o := range s.Operations {
		if o.Method != method || !o.matches(segments) {
			continue
		}
		if best == nil || o.literals() > best.literals() {
			best = o
		}
	}
	return best
}

func (o *Operation) matches(segments []string) bool {
	wanted := o.segments
	// rooms.yaml: an empty state key, and the slash before it, may be left out.
	if last := len(wanted) - 1; len(segments) == last && wanted[last] == "{stateKey}" {
		wanted = wanted[:last]
	}
	if len(segments) != len(wanted) {
		return false
	}
	for i, want := range wanted {
		if !strings.HasPrefix(want, "{") && want != segments[i] {
			return false
		}
	}
	return true
}

func (o *Operation) literals() (n int) {
	for _, s := range o.segments {
		if !strings.HasPrefix(s, "{") {
			n++
		}
	}
	return n
}

// loader gives the schema compiler the specification's files under the scheme spec:.
type loader struct{}

// Load implements jsonschema.URLLoader.
func (loader) Load(location string) (any, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	raw, err := readJSON(strings.TrimPrefix(u.Path, "/"))
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(raw))
}

// readJSON returns a file of the specification as JSON.
func readJSON(file string) ([]byte, error) {
	raw, err := fs.ReadFile(spec.Files, file)
	if err != nil {
		return nil, err
	}
	var value any
	if err := yaml.Unmarshal(raw, &value); err != nil {
		return nil, err
	}
	return json.Marshal(stringKeys(value))
}

// stringKeys turns keys that YAML reads as numbers, such as an unquoted status, into strings.
func stringKeys(value any) any {
	switch v := value.(type) {
	case map[any]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[fmt.Sprint(key)] = stringKeys(item)
		}
		return m
	case map[string]any:
		for key, item := range v {
			v[key] = stringKeys(item)
		}
	case []any:
		for i, item := range v {
			v[i] = stringKeys(item)
		}
	}
	return value
}

func escapePointer(token string) string {
	token = strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
	return url.PathEscape(token)
}
