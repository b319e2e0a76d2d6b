// Package notices sends what the server has to say to its users (Client-Server API, "Server Notices").
//
// Each user has one room for it, made with the first notice: the server's own user made it and alone may write in it, and the user is invited
// and cannot reject the invite. A room and its row in the database are made in one transaction, so that there is never a second.
//
// A notice to all is a row of the database. The nodes hold a lease on the oldest: one node sends it to one page of users after another, a few
// at a time, and notes how far it has got. The notice's id is the transaction id of its events, so that a user who is sent it twice, since
// a node stopped in between, gets it once.
//
// The package never joins anybody, and sends nothing by itself: somebody asks.
package notices
