package store

// Pos is a place in the log of one lane: the lane's number in the upper bits and the sequence in that lane, counted from 1, in the
// lower 48. Positions of one lane compare as numbers; those of different lanes have no order.
type Pos int64

const seqBits = 48

// MaxLanes is the largest number of lanes that a database can be made with.
const MaxLanes = 1 << 10

// MakePos puts a lane and a sequence together.
func MakePos(lane int, seq int64) Pos { return Pos(int64(lane)<<seqBits | seq) }

// Lane is the number of the lane, from 0.
func (p Pos) Lane() int { return int(int64(p) >> seqBits) }

// Seq is the place within the lane.
func (p Pos) Seq() int64 { return int64(p) & (1<<seqBits - 1) }

// Latest is above every position, of every lane.
const Latest Pos = 1<<63 - 1
