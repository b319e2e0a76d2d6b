// Package sync tells devices what they have not seen: /sync.
//
// The hub reads each new row of the database once, whatever the number of waiting clients: what this node commits is handed to it in
// memory, what other nodes commit it loads when the bus or its own look-out says that a lane has moved. It keeps a window of the
// newest rows and knows which connected users are in which room, so that waking them and answering them takes no query.
//
// A token is a position in every lane. What lies in the window is answered from memory; what is older, from the database, by the same
// code. Losing everything in memory loses nothing but speed.
//
// Order of locks: hub.mu, then session.mu. Neither is held over a query.
package sync
