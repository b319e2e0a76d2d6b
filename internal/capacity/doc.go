// Package capacity measures what a node has to do and what it could do, and judges whether the sites that are left when one is lost could carry
// the load.
//
// A Meter looks once a few seconds at how much of the machine's processors is in use and how many events were sent, and remembers the busiest minute
// of each hour. The reports of all nodes are in the database, so that whoever reads it sees all sites, also one that is gone. Judge adds them up:
// the busiest hour of the last day must fit into what is left of the processors without the largest site, with some to spare.
//
// It measures, and refuses nothing.
package capacity
