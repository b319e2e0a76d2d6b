package ephemeral

import (
	"container/list"
	"slices"
	"time"
)

// Client-Server API, "Presence": the states of a user.
const (
	Online      = "online"
	Unavailable = "unavailable"
	Offline     = "offline"
)

// ValidPresence reports whether p is one of the three states.
func ValidPresence(p string) bool { return p == Online || p == Unavailable || p == Offline }

// State is what others see of a user.
type State struct {
	UserID          string
	Presence        string
	StatusMsg       string
	LastActive      time.Time // zero if never seen
	CurrentlyActive bool      // others are not told of each activity while this is so
}

// sameView reports whether others would notice a difference. Client-Server API, "Last active ago": the time alone is none.
func (s State) sameView(o State) bool {
	return s.Presence == o.Presence && s.StatusMsg == o.StatusMsg && s.CurrentlyActive == o.CurrentlyActive
}

const (
	// activeFor is for how long an activity makes a user currently active, and idleAfter when the user counts as away.
	activeFor = time.Minute
	idleAfter = 5 * time.Minute
	// linkKept is for how long a device counts as connected after its last request, and nodeKept the same for what another node has told;
	// each node repeats what it knows every tellEvery, so that a node that burns takes no user online with it for ever.
	linkKept  = 30 * time.Second
	nodeKept  = 2 * time.Minute
	tellEvery = 45 * time.Second
	// maxLinks bounds the devices of one user that are told apart.
	maxLinks = 16
)

// link is a device connected to this node (node is empty), or all of a user's devices at another node (device is empty).
type link struct {
	node, device string
	presence     string // Online or Unavailable
	open         int    // requests under way
	until        time.Time
}

func (l *link) live(now time.Time) bool { return l.open > 0 || now.Before(l.until) }

// user is all that this node knows of a user. The users' owner is Presence, under its lock.
type user struct {
	id     string
	links  []link
	active time.Time
	// What the user chose, and when (milliseconds since 1970): the newest choice of all nodes wins. chosen is Unavailable, Offline or empty.
	setAt  int64
	chosen string
	status string

	shown   State
	counter int64 // of the last change
	local   bool  // has been connected to this node

	told     time.Time // when other nodes were last told
	toldLink string    // and of what

	timer   *time.Timer
	wakes   time.Time     // when timer fires
	gone    time.Time     // when the user went offline
	inOrder *list.Element // in Presence.changed
	inGone  *list.Element // in Presence.gone, or nil unless offline
}

// state is what others see now.
//
// Client-Server API, "Presence": online while connected and active, unavailable when idle or by choice, offline when not connected or when the user
// "is explicitly suppressing their profile information from being sent".
func (u *user) state(now time.Time) State {
	s := State{UserID: u.id, Presence: Offline, StatusMsg: u.status, LastActive: u.active}
	connection := u.connection(now, func(*link) bool { return true })
	idle := now.Sub(u.active)
	switch {
	case connection == Offline || u.chosen == Offline:
	case connection == Unavailable || u.chosen == Unavailable || idle >= idleAfter:
		s.Presence = Unavailable
	default:
		s.Presence, s.CurrentlyActive = Online, idle < activeFor
	}
	return s
}

// connection is the best that any of the user's live links says.
func (u *user) connection(now time.Time, of func(*link) bool) string {
	best := Offline
	for i := range u.links {
		l := &u.links[i]
		if !of(l) || !l.live(now) {
			continue
		}
		if l.presence == Online {
			return Online
		}
		best = Unavailable
	}
	return best
}

func here(l *link) bool { return l.node == "" }

// connect notes that a device, or another node, says that the user is there, and reports whether that is a change to online.
func (u *user) connect(node, device, presence string, now, until time.Time, open int) (cameOnline bool) {
	i := u.find(node, device)
	if i < 0 {
		if !u.makeRoom(now) {
			return false
		}
		i = len(u.links)
		u.links = append(u.links, link{node: node, device: device})
	}
	l := &u.links[i]
	cameOnline = presence == Online && (l.presence != Online || !l.live(now))
	l.presence, l.open = presence, l.open+open
	if until.After(l.until) {
		l.until = until
	}
	return cameOnline
}

func (u *user) find(node, device string) int {
	return slices.IndexFunc(u.links, func(l link) bool { return l.node == node && l.device == device })
}

// makeRoom drops what is over, and reports whether there is room for one link more.
func (u *user) makeRoom(now time.Time) bool {
	u.dropDead(now)
	if len(u.links) < maxLinks {
		return true
	}
	i := slices.IndexFunc(u.links, func(l link) bool { return l.open == 0 })
	if i < 0 {
		return false
	}
	u.links = slices.Delete(u.links, i, i+1)
	return true
}

// dropDead drops links that are over. A choice lasts as long as the connection: whoever comes back later comes back as usual.
func (u *user) dropDead(now time.Time) {
	u.links = slices.DeleteFunc(u.links, func(l link) bool { return !l.live(now) })
	if len(u.links) == 0 {
		u.chosen = ""
	}
}

// choose notes a choice of the user's.
func (u *user) choose(presence, status string, now time.Time) {
	u.chosen = presence
	if presence == Online {
		u.chosen = ""
	}
	u.status = status
	u.setAt = max(now.UnixMilli(), u.setAt+1)
}

// act notes an activity. It ends being away, by choice or not, but it does not betray a user who chose to seem offline.
func (u *user) act(now time.Time) {
	if u.chosen == Offline {
		return
	}
	if u.chosen == Unavailable {
		u.choose(Online, u.status, now)
	}
	u.active = now
}

// next is when the user's state may change by itself, or other nodes must be told again.
func (u *user) next() (next time.Time) {
	consider := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	for i := range u.links {
		if l := &u.links[i]; l.open == 0 {
			consider(l.until)
		}
		if u.links[i].node == "" {
			consider(u.told.Add(tellEvery))
		}
	}
	if u.shown.CurrentlyActive {
		consider(u.active.Add(activeFor))
	} else if u.shown.Presence == Online {
		consider(u.active.Add(idleAfter))
	}
	return next
}

// goneBefore tells whether the user has been offline since before a time, as far as anybody was told.
func (u *user) goneBefore(t time.Time) bool {
	return u.inGone != nil && (u.counter == 0 || u.gone.Before(t))
}
