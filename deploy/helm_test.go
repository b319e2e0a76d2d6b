package deploy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"

	"go.yaml.in/yaml/v3"

	"bongsu.org/bongsu/internal/config"
)

// chart renders the chart with those of Helm's functions that it uses, and no others: a template that needs more does not parse.
type chart struct {
	all *template.Template
}

func newChart(t *testing.T) *chart {
	t.Helper()
	c := &chart{}
	c.all = template.New("chart").Option("missingkey=error").Funcs(template.FuncMap{
		"include": c.include, "required": required, "default": orDefault, "quote": func(v any) string { return strconv.Quote(fmt.Sprint(v)) },
		"fail":    func(text string) (string, error) { return "", errors.New(text) },
		"toJson":  func(v any) (string, error) { out, err := json.Marshal(v); return string(out), err },
		"toYaml":  func(v any) (string, error) { out, err := yaml.Marshal(v); return strings.TrimSpace(string(out)), err },
		"nindent": func(n int, text string) string { return "\n" + indent(n, text) },
		"int":     func(v any) (int, error) { return strconv.Atoi(fmt.Sprint(v)) },
		"list":    func(v ...any) []any { return v },
		"concat":  func(lists ...[]any) []any { return slices.Concat(lists...) },
		"sha256sum": func(text string) string {
			sum := sha256.Sum256([]byte(text))
			return hex.EncodeToString(sum[:])
		},
	})
	paths, err := filepath.Glob("helm/bongsu/templates/*")
	if err != nil || len(paths) < 4 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		if _, err := c.all.New("bongsu/templates/" + filepath.Base(path)).Parse(read(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *chart) include(name string, data any) (string, error) {
	var out bytes.Buffer
	err := c.all.ExecuteTemplate(&out, name, data)
	return out.String(), err
}

func required(message string, v any) (any, error) {
	if v == nil || v == "" {
		return nil, errors.New(message)
	}
	return v, nil
}

func orDefault(usual, v any) any {
	if v == nil || v == "" {
		return usual
	}
	return v
}

func indent(n int, text string) string {
	pad := strings.Repeat(" ", n)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}

// render returns the objects by kind and name.
func (c *chart) render(t *testing.T, change map[string]any) (map[string]map[string]any, error) {
	t.Helper()
	values := map[string]any{}
	if err := yaml.Unmarshal([]byte(read(t, "helm/bongsu/values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	merge(values, change)
	data := map[string]any{
		"Values": values, "Release": map[string]any{"Name": "chat"}, "Chart": map[string]any{"AppVersion": "0.1.0"},
		"Template": map[string]any{"BasePath": "bongsu/templates"},
	}
	objects := map[string]map[string]any{}
	for _, one := range c.all.Templates() {
		if !strings.HasSuffix(one.Name(), ".yaml") {
			continue
		}
		text, err := c.include(one.Name(), data)
		if err != nil {
			return nil, err
		}
		for doc := range strings.SplitSeq(text, "\n---\n") {
			object := map[string]any{}
			if err := yaml.Unmarshal([]byte(doc), &object); err != nil {
				t.Fatalf("%s: %v\n%s", one.Name(), err, doc)
			}
			if len(object) > 0 {
				objects[fmt.Sprint(object["kind"], "/", object["metadata"].(map[string]any)["name"])] = object
			}
		}
	}
	return objects, nil
}

func merge(into, from map[string]any) {
	for k, v := range from {
		if sub, ok := v.(map[string]any); ok {
			if there, ok := into[k].(map[string]any); ok {
				merge(there, sub)
				continue
			}
		}
		into[k] = v
	}
}

func TestChart(t *testing.T) {
	c := newChart(t)
	least := map[string]any{
		"serverName": "example.org", "database": map[string]any{"existingSecret": "db"}, "bus": map[string]any{"existingSecret": "bus"}, "replicas": 1,
	}
	all := map[string]any{
		"replicas": 3, "publicBaseURL": "https://chat.example.org", "entrances": []any{"https://b.example.org"},
		"imagePullSecrets": []any{map[string]any{"name": "pull"}}, "podAnnotations": map[string]any{"a": "b"},
		"database": map[string]any{"reads": []any{"db1:5432"}, "tlsSecret": "db-tls"},
		"bus":      map[string]any{"tlsSecret": "bus-tls", "routes": []any{"other:4248"}, "external": true},
		"media": map[string]any{
			"stores":            []any{"s3://a.example.org/media?credentials=/etc/bongsu/s3/credentials", "s3://b.example.org/media?credentials=/etc/bongsu/s3/credentials"},
			"credentialsSecret": "s3",
		},
		"settings": map[string]any{"presence": false, "rate_limits": map[string]any{"messages": "5/s"}},
		"ingress":  map[string]any{"enabled": true, "host": "chat.example.org", "tlsSecret": "tls", "className": "nginx", "annotations": map[string]any{"x": "y"}},
		"metrics":  map[string]any{"serviceMonitor": true}, "nodeSelector": map[string]any{"zone": "a"}, "tolerations": []any{map[string]any{"key": "k"}},
	}
	if _, err := c.render(t, nil); err == nil || !strings.Contains(err.Error(), "needed") {
		t.Errorf("without values: %v", err)
	}
	if _, err := c.render(t, map[string]any{"serverName": "x", "database": least["database"], "bus": least["bus"]}); err == nil {
		t.Error("several nodes with media of their own")
	}
	for want, change := range map[string]map[string]any{
		"ConfigMap/chat-settings PodDisruptionBudget/chat Service/chat Service/chat-nodes StatefulSet/chat":                                                   {},
		"ConfigMap/chat-settings Ingress/chat PodDisruptionBudget/chat Service/chat Service/chat-bus Service/chat-nodes ServiceMonitor/chat StatefulSet/chat": all,
	} {
		values := map[string]any{}
		merge(values, map[string]any{"serverName": "example.org", "replicas": 1, "database": map[string]any{"existingSecret": "db"}, "bus": map[string]any{"existingSecret": "bus"}})
		merge(values, change)
		objects, err := c.render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(slices.Sorted(maps.Keys(objects)), " "); got != want {
			t.Errorf("objects: %s", got)
		}
		checkChartSettings(t, objects)
		checkVolumes(t, objects["StatefulSet/chat"])
	}
}

// checkChartSettings lets the server read what the chart writes for it.
func checkChartSettings(t *testing.T, objects map[string]map[string]any) {
	t.Helper()
	text := objects["ConfigMap/chat-settings"]["data"].(map[string]any)["bongsu.yaml"].(string)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "etc/bongsu/bus/tls.crt"), "", 0o600)
	for _, name := range []string{"bus/tls.key", "bus/ca.crt", "s3/credentials"} {
		content := ""
		if name == "s3/credentials" {
			content = "[default]\naws_access_key_id = a\naws_secret_access_key = b\n"
		}
		write(t, filepath.Join(dir, "etc/bongsu", name), content, 0o600)
	}
	file := filepath.Join(dir, "bongsu.yaml")
	write(t, file, strings.ReplaceAll(text, "/etc/bongsu", filepath.Join(dir, "etc/bongsu")), 0o600)
	_, err := config.Load(config.Sources{File: file, Env: append(os.Environ(), "BONGSU_DATABASE=postgres://u@h/d", "BONGSU_BUS_SECRET=s")})
	if err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// checkVolumes looks whether every volume that is mounted is there.
func checkVolumes(t *testing.T, set map[string]any) {
	t.Helper()
	spec := set["spec"].(map[string]any)
	pod := spec["template"].(map[string]any)["spec"].(map[string]any)
	have := map[any]bool{}
	for _, v := range pod["volumes"].([]any) {
		have[v.(map[string]any)["name"]] = true
	}
	if claims, ok := spec["volumeClaimTemplates"].([]any); ok {
		for _, v := range claims {
			have[v.(map[string]any)["metadata"].(map[string]any)["name"]] = true
		}
	}
	mounts := pod["containers"].([]any)[0].(map[string]any)["volumeMounts"].([]any)
	for _, m := range mounts {
		if name := m.(map[string]any)["name"]; !have[name] {
			t.Errorf("no volume %v", name)
		}
	}
	if len(have) != len(mounts) {
		t.Errorf("%d volumes, %d mounts", len(have), len(mounts))
	}
}
