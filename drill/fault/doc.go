// Package fault is what can happen to data centres. Each fault is a pair of acts, one that does it and one that ends it; which site it
// meets, and how hard, comes from a seed, so that a drill can be made again.
//
// It judges nothing: it says what it did, and leaves it to the auditor what came of it.
package fault
