// Package site runs the data centres of a fire drill on one machine: real processes (etcd, PostgreSQL under Patroni, a Bongsu node), each
// site in namespaces of its own for processes, network and mounts, with a disk of its own and a port of the drill's switch.
//
// A site's namespaces hang on its first process, which dies with the program that runs the drill. So killing that process is a fire:
// everything in the site ends in the same instant, without a farewell; and no interrupt, panic or SIGKILL of the drill leaves a process,
// a device or a mount behind.
//
// It knows nothing of Matrix, of load or of faults: it offers what faults are made of.
package site
