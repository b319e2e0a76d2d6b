package filter

// TimelineLimit is a filter that wants at most so many events of a timeline, which must be at least 1, and everything else.
func TimelineLimit(limit int) *Filter {
	f := &Filter{Format: FormatClient}
	f.Room.Timeline = &RoomEvents{}
	f.Room.Timeline.limit = limit
	return f
}
