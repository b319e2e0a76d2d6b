// Package pki is a private certificate authority for the parts of a cluster: nodes, databases, etcd, their clients.
//
// A folder holds the authority (ca.crt, ca.key) and one pair of files for each name (NAME.crt, NAME.key). Keys are ECDSA on P-256.
//
// Invariants: a key's file is readable by its owner alone; nothing that exists is overwritten, except by Renew, which replaces a pair
// file by file, the certificate last, so that whoever waits for the certificate to change finds its key; a certificate never outlives
// its authority. The package opens no connection and never prints a key.
package pki
