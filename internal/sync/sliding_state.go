package sync

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"

	"bongsu.org/bongsu/internal/store"
)

// sentState is what a connection has been sent, as of one answer. It is not changed once it has an id, so that a request that is sent
// again is answered from the same.
type sentState struct {
	id     string
	global bool // the global account data
	rooms  map[int64]sentRoom
}

// sentRoom is what a connection has been sent of a room. What is live was sent as far as the position that the client holds says; what
// is behind, only as far as its own position.
type sentRoom struct {
	room, data, receipts stream
	dm                   bool
	// whole: all the room's events were sent that the user may see.
	whole bool
	// limit is how many of the newest events were sent at least.
	limit int
	wants string // the key of the wants by which state was sent
}

// stream is how far one of the three kinds of news was sent. The position is in the room's lane, or for account data in the user's.
type stream struct {
	sent   bool
	behind store.Pos // 0: live
}

var live = stream{sent: true}

// fallBehind notes that there is something new that this answer does not tell of.
func (s *stream) fallBehind(at store.Pos) {
	if s.sent && s.behind == 0 {
		s.behind = at
	}
}

// from is where the news begin, for a client that holds the position at.
func (s stream) from(at store.Pos) store.Pos {
	if s.behind != 0 {
		return s.behind
	}
	return at
}

// sentMost bounds the rooms that a connection's state tells of. What is dropped is sent anew when it is in a list again.
const sentRoomsMost = 20_000

// clone is a state without an id, to be changed.
func (s *sentState) clone() *sentState {
	return &sentState{global: s.global, rooms: maps.Clone(s.rooms)}
}

func (s *sentState) same(o *sentState) bool {
	return s.global == o.global && maps.Equal(s.rooms, o.rooms)
}

// bound drops rooms for which keep is not true until the state is small enough.
func (s *sentState) bound(keep func(room int64) bool) {
	for num := range s.rooms {
		if len(s.rooms) <= sentRoomsMost {
			return
		}
		if !keep(num) {
			delete(s.rooms, num)
		}
	}
}

// The stored form: a version, a byte of flags, the wants, then the rooms by number, each with its flags.
const sentVersion = 1

const (
	flagRoom = 1 << iota
	flagRoomBehind
	flagData
	flagDataBehind
	flagReceipts
	flagReceiptsBehind
	flagDM
	flagWhole
)

func (s *sentState) encode() []byte {
	configs := map[string]uint64{}
	var order []string
	nums := slices.Sorted(maps.Keys(s.rooms))
	for _, num := range nums {
		w := s.rooms[num].wants
		if _, ok := configs[w]; !ok {
			configs[w] = uint64(len(order))
			order = append(order, w)
		}
	}
	b := []byte{sentVersion, flag(s.global, 1)}
	b = binary.AppendUvarint(b, uint64(len(order)))
	for _, w := range order {
		b = binary.AppendUvarint(b, uint64(len(w)))
		b = append(b, w...)
	}
	b = binary.AppendUvarint(b, uint64(len(nums)))
	last := int64(0)
	for _, num := range nums {
		b = binary.AppendVarint(b, num-last)
		last = num
		r := s.rooms[num]
		b = r.encode(b, configs[r.wants])
	}
	return b
}

func flag(on bool, bit byte) byte {
	if on {
		return bit
	}
	return 0
}

func (r sentRoom) encode(b []byte, config uint64) []byte {
	b = append(b, flag(r.room.sent, flagRoom)|flag(r.room.behind != 0, flagRoomBehind)|
		flag(r.data.sent, flagData)|flag(r.data.behind != 0, flagDataBehind)|
		flag(r.receipts.sent, flagReceipts)|flag(r.receipts.behind != 0, flagReceiptsBehind)|
		flag(r.dm, flagDM)|flag(r.whole, flagWhole))
	b = binary.AppendVarint(b, int64(r.limit))
	b = binary.AppendUvarint(b, config)
	for _, s := range []stream{r.room, r.data, r.receipts} {
		if s.behind != 0 {
			b = binary.AppendVarint(b, int64(s.behind))
		}
	}
	return b
}

var errBadState = errors.New("the stored state of a sliding sync connection cannot be read")

// decodeSent reads what encode wrote.
func decodeSent(id string, b []byte) (*sentState, error) {
	d := decoder{b: b}
	s := &sentState{id: id, rooms: map[int64]sentRoom{}}
	if d.byte() != sentVersion {
		return nil, errBadState
	}
	s.global = d.byte() == 1
	var configs []string
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		configs = append(configs, d.string())
	}
	num := int64(0)
	for n := d.uvarint(); n > 0 && !d.bad; n-- {
		num += d.varint()
		s.rooms[num] = d.room(configs)
	}
	if d.bad || len(d.b) > 0 {
		return nil, errBadState
	}
	return s, nil
}

// decoder reads from b until something is wrong.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) room(configs []string) sentRoom {
	f := d.byte()
	r := sentRoom{dm: f&flagDM != 0, whole: f&flagWhole != 0, limit: int(d.varint())}
	if config := d.uvarint(); config < uint64(len(configs)) {
		r.wants = configs[config]
	} else {
		d.bad = true
	}
	r.room = d.stream(f, flagRoom)
	r.data = d.stream(f, flagData)
	r.receipts = d.stream(f, flagReceipts)
	return r
}

// stream reads one of the streams; the flag for what is behind comes after that for what was sent.
func (d *decoder) stream(flags, sent byte) stream {
	s := stream{sent: flags&sent != 0}
	if flags&(sent<<1) != 0 {
		s.behind = store.Pos(d.varint())
	}
	return s
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	return number(d, v, n)
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	return number(d, v, n)
}

func number[T any](d *decoder, v T, n int) T {
	if n <= 0 {
		var zero T
		d.bad = true
		return zero
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string {
	n := d.uvarint()
	if n > uint64(len(d.b)) {
		d.bad = true
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}
