// Package wire is the network of a fire drill: a switch in user space whose ports are TAP devices in the sites' namespaces. It carries
// Ethernet frames, so that TCP is the kernel's own from end to end: a link that is cut is a black hole, not a closed connection, and a
// delay is a delay of packets.
//
// Each direction of each pair of ports has its own delay and can be cut by itself. Frames of one direction keep their order. Where frames
// come faster than they leave, the newest are dropped, as a switch does.
//
// It never answers for a host, learns no address (all are given), and carries no broadcasts: every host knows its neighbours' addresses
// beforehand.
package wire
