// Package ephemeral knows what is true only for a while: who types in which room (Typing) and who is there (Presence).
//
// Each of the two lives in the memory of every node. A node applies the changes of its own clients, sends them over the bus, and applies those
// of the other nodes; what the bus loses, the clients' next request or the end of a time limit puts right.
//
// Its invariants:
//   - Every visible change gets the next value of a counter that only this run of this node knows. A sync token carries the counter together with
//     the bus's node id; a token of another node, or of an earlier run, counts as counter 0, to which everything that is true now is news.
//   - The cost of asking what is new depends on how much is new, not on how much there is.
//   - Memory is bounded: beyond its limits, the oldest of what is over is forgotten first, and new things are not taken on.
//   - notify is called after the change is readable, outside of every lock.
//
// It never decides who may see what, never speaks HTTP, and stores nothing but, through a Saver, a user's last status message and activity.
package ephemeral
