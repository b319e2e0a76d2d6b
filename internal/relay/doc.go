// Package relay is the TURN server inside the program (RFC 8656, on pion/turn): it carries calls between devices that cannot reach each other,
// over UDP, TCP and TLS. What it carries is encrypted by the devices.
//
// Invariants:
//   - Nothing is relayed without a credential that has not ended, and nothing to an address that is not on the public Internet, unless the
//     operator allows it: a relay inside a network must not be a door into it. Of the relay's own addresses only the relay ports can be
//     reached, so that two devices that both use it find each other, and nothing else on the machine is found.
//   - A user holds a bounded number of relay addresses, and so do all together; a relay address has a bounded number of peers; connections
//     are bounded in number, and one that says nothing is closed.
//   - A draining server makes no new relay addresses, and carries what it has until it is closed.
//
// It never relays TCP to peers (RFC 6062), knows no accounts, and logs no content.
package relay
