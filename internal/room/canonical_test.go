package room

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestCanonicalJSON(t *testing.T) {
	for in, want := range map[string]string{
		`{ "b":1, "a" : [ 1, -0, {"z":null,"y":true} ] }`: `{"a":[1,0,{"y":true,"z":null}],"b":1}`,
		`{"\u0041":"\u00e9\u2028\n\u0001"}`:               "{\"A\":\"é\u2028\\n\\u0001\"}",
		`{"a\"b\\":"x","a\tb":"y"}`:                       `{"a\tb":"y","a\"b\\":"x"}`,
		`{"a":1,"a":2}`:                                   `{"a":2}`,
		`{"n":9007199254740991}`:                          `{"n":9007199254740991}`,
		`{"日":1,"本":2}`:                                   `{"日":1,"本":2}`,
	} {
		got, err := canonicalJSON([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("canonicalJSON(%s) = %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{`{"a":1.5}`, `{"a":1e3}`, `{"a":9007199254740992}`, `[[1.0]]`} {
		if got, err := canonicalJSON([]byte(in)); err == nil {
			t.Errorf("canonicalJSON(%s) = %s, want an error", in, got)
		}
	}
}

func FuzzCanonicalJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"\u00e9"}],"":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if !json.Valid(in) {
			return
		}
		once, err := canonicalJSON(in)
		if err != nil {
			return
		}
		twice, err := canonicalJSON(once)
		if err != nil || string(twice) != string(once) {
			t.Fatalf("not stable: %s became %s (%v)", once, twice, err)
		}
		var a, b any
		if json.Unmarshal(in, &a) != nil || json.Unmarshal(once, &b) != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("meaning changed: %s became %s", in, once)
		}
	})
}
