package push

import "github.com/tidwall/gjson"

// defaultNotificationLevel is the power level for kinds of notification that a room's power levels do not name.
const defaultNotificationLevel = 50

// NotificationLevel is the power level that a sender needs for a kind of notification, such as "room", by the content of the room's
// m.room.power_levels (nil if there is none). The key is one name, whatever characters it has.
func NotificationLevel(powerLevels []byte, key string) int64 {
	level := int64(defaultNotificationLevel)
	if len(powerLevels) == 0 {
		return level
	}
	gjson.GetBytes(powerLevels, "notifications").ForEach(func(name, value gjson.Result) bool {
		if name.Str != key {
			return true
		}
		// Old room versions also allow numbers as strings.
		if value.Type == gjson.Number || value.Type == gjson.String {
			level = value.Int()
		}
		return false
	})
	return level
}
