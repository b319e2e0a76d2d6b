package search

import (
	"github.com/tidwall/gjson"

	"bongsu.org/bongsu/internal/store"
)

// The keys that can be searched (Client-Server API, "Server Side Search").
const (
	KeyBody  = "content.body"
	KeyName  = "content.name"
	KeyTopic = "content.topic"
)

// keys are the event types that have text, and where.
var keys = map[string]string{"m.room.message": KeyBody, "m.room.name": KeyName, "m.room.topic": KeyTopic}

// Text is the text of an event by which it is found, and the key that it stands under; ok is false for events without any.
func Text(ev *store.Event) (key, text string, ok bool) {
	key, ok = keys[ev.Type]
	if !ok || ev.RedactedBy != "" || (ev.Type != "m.room.message" && !ev.IsState()) {
		return "", "", false
	}
	content := gjson.GetBytes(ev.JSON, "content")
	switch key {
	case KeyBody:
		text = content.Get("body").Str
	case KeyName:
		text = content.Get("name").Str
	case KeyTopic:
		text = content.Get("topic").Str + " " + plainTopic(content)
	}
	return key, text, true
}

// plainTopic is the topic's text/plain representation, which is the one without a type or with that one.
func plainTopic(content gjson.Result) string {
	out := ""
	content.Get(`m\.topic.m\.text`).ForEach(func(_, form gjson.Result) bool {
		if kind := form.Get("mimetype"); !kind.Exists() || kind.Str == "text/plain" {
			out = form.Get("body").Str
			return false
		}
		return true
	})
	return out
}
