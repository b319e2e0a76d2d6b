// Package audit judges a fire drill: it compares what was acknowledged with what each site gives now.
//
// What it asks: is every acknowledged event there exactly once, in its room's one order, at every site; does each client's stream run
// through that order without a gap, a repeat or an event that is not there; is there an order of all sends that agrees with the times of
// their calls and answers (linearizability); was each one-time key given once; did each message to a device come once and in order; are
// pictures and backed-up keys what was put in.
//
// Judge takes evidence and gives findings; it asks nobody anything, so that tests can show it that it finds what is wrong.
package audit
