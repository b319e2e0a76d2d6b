package push

import "encoding/json"

const ruleMaster = ".m.rule.master"

// Defaults gives the server-default rules for a user, each in the order of the specification.
//
// Client-Server API, "Predefined Rules". The rules that looked for names in the text of a message (contains_display_name,
// contains_user_name, roomnotif) left the specification with v1.17; clients say whom they mention in m.mentions.
func Defaults(user string) Ruleset {
	return Ruleset{
		Override:  defaultOverride(user),
		Content:   []Rule{},
		Room:      []Rule{},
		Sender:    []Rule{},
		Underride: defaultUnderride(),
	}
}

func defaultOverride(user string) []Rule {
	master := predefined(ruleMaster, []Condition{}, []Action{})
	master.Enabled = false
	return []Rule{
		master,
		predefined(".m.rule.suppress_notices",
			[]Condition{matches("content.msgtype", "m.notice")},
			[]Action{}),
		predefined(".m.rule.invite_for_me",
			[]Condition{matches("type", "m.room.member"), matches("content.membership", "invite"), matches("state_key", user)},
			[]Action{{Name: notify}, sound("default")}),
		predefined(".m.rule.member_event",
			[]Condition{matches("type", "m.room.member")},
			[]Action{}),
		predefined(".m.rule.is_user_mention",
			[]Condition{{Kind: eventPropertyContains, Key: `content.m\.mentions.user_ids`, Value: quoted(user)}},
			[]Action{{Name: notify}, sound("default"), {Tweak: tweakHighlight}}),
		predefined(".m.rule.is_room_mention",
			[]Condition{
				{Kind: eventPropertyIs, Key: `content.m\.mentions.room`, Value: json.RawMessage("true")},
				{Kind: notificationPermission, Key: "room"},
			},
			[]Action{{Name: notify}, {Tweak: tweakHighlight}}),
		predefined(".m.rule.tombstone",
			[]Condition{matches("type", "m.room.tombstone"), matches("state_key", "")},
			[]Action{{Name: notify}, {Tweak: tweakHighlight}}),
		predefined(".m.rule.reaction",
			[]Condition{matches("type", "m.reaction")},
			[]Action{}),
		predefined(".m.rule.room.server_acl",
			[]Condition{matches("type", "m.room.server_acl"), matches("state_key", "")},
			[]Action{}),
		predefined(".m.rule.suppress_edits",
			[]Condition{{Kind: eventPropertyIs, Key: `content.m\.relates_to.rel_type`, Value: quoted("m.replace")}},
			[]Action{}),
	}
}

func defaultUnderride() []Rule {
	two := Condition{Kind: roomMemberCount, Is: "2"}
	return []Rule{
		predefined(".m.rule.call",
			[]Condition{matches("type", "m.call.invite")},
			[]Action{{Name: notify}, sound("ring")}),
		predefined(".m.rule.encrypted_room_one_to_one",
			[]Condition{two, matches("type", "m.room.encrypted")},
			[]Action{{Name: notify}, sound("default")}),
		predefined(".m.rule.room_one_to_one",
			[]Condition{two, matches("type", "m.room.message")},
			[]Action{{Name: notify}, sound("default")}),
		predefined(".m.rule.message",
			[]Condition{matches("type", "m.room.message")},
			[]Action{{Name: notify}}),
		predefined(".m.rule.encrypted",
			[]Condition{matches("type", "m.room.encrypted")},
			[]Action{{Name: notify}}),
	}
}

func predefined(id string, conditions []Condition, actions []Action) Rule {
	return Rule{ID: id, Default: true, Enabled: true, Conditions: conditions, Actions: actions}
}

func matches(key, pattern string) Condition {
	return Condition{Kind: eventMatch, Key: key, Pattern: &pattern}
}

func sound(name string) Action { return Action{Tweak: tweakSound, Value: quoted(name)} }

func quoted(s string) json.RawMessage {
	out, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always has a JSON form
	}
	return out
}
