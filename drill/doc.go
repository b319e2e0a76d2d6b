// Package drill is the fire drill: it boots data centres, puts a load on them, lets faults from a seed happen, and has an auditor compare
// what was acknowledged with what is there. A drill that finds something fails.
//
// The order of a fault is always the same: a time of peace; the fault; its time; where sites are gone, an audit of those that are left;
// the fault's end; waiting until every site is whole; an audit of all.
package drill
