package node

import (
	"bongsu.org/bongsu/internal/clientapi"
	"bongsu.org/bongsu/internal/config"
)

// Roles of contacts (Client-Server API, GET /.well-known/matrix/support).
const (
	roleAdmin    = "m.role.admin"
	roleSecurity = "m.role.security"
)

func support(s config.Support) clientapi.Support {
	out := clientapi.Support{Page: s.Page}
	add := func(role string, users, emails []string) {
		for _, user := range users {
			out.Contacts = append(out.Contacts, clientapi.Contact{MatrixID: user, Role: role})
		}
		for _, email := range emails {
			out.Contacts = append(out.Contacts, clientapi.Contact{Email: email, Role: role})
		}
	}
	add(roleAdmin, s.AdminUsers, s.AdminEmails)
	add(roleSecurity, s.SecurityUsers, s.SecurityEmails)
	return out
}
