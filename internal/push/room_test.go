package push

import "testing"

func TestNotificationLevel(t *testing.T) {
	for _, tc := range []struct {
		content, key string
		want         int64
	}{
		{``, "room", 50},
		{`{}`, "room", 50},
		{`{"notifications":{}}`, "room", 50},
		{`{"notifications":[]}`, "room", 50},
		{`{"notifications":{"room":20}}`, "room", 20},
		{`{"notifications":{"room":"20"}}`, "room", 20},
		{`{"notifications":{"room":null}}`, "room", 50},
		{`{"notifications":{"org.example.all":-1}}`, "org.example.all", -1},
		{`{"notifications":{"room":20}}`, "*", 50},
	} {
		if got := NotificationLevel([]byte(tc.content), tc.key); got != tc.want {
			t.Errorf("%s in %q: got %d", tc.key, tc.content, got)
		}
	}
}
