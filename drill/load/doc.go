// Package load is the people of a fire drill: clients that send, claim keys, upload, back up, read and follow, each as a phone does. A
// request that fails is made again with the same transaction id at the next entrance until it is answered; nothing is given up.
//
// Every operation stands in the journal with the times of its call and its answer, and every client keeps its stream: what /sync gave it,
// in the order in which it came. Journal and streams are all that the auditor goes by.
//
// It sees servers from outside only, and knows nothing of what is done to them.
package load
