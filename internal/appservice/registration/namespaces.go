package registration

import (
	"regexp"
	"strings"
)

// Namespaces is a list of namespaces of one kind.
type Namespaces struct {
	list []namespace
	// local is the ending that ids must have; empty: any. Application Service API, "Registration": of users, local ones only.
	local string
}

type namespace struct {
	regex     *regexp.Regexp
	exclusive bool
	prefix    string // with which everything in it begins
}

func (c *checker) namespaces(field string, from []namespaceFile, serverName string) Namespaces {
	out := Namespaces{}
	if serverName != "" {
		out.local = ":" + serverName
	}
	if len(from) > maxNamespaces {
		c.wrong(field, "at most %d are allowed", maxNamespaces)
		return out
	}
	for _, n := range from {
		if n.Exclusive == nil {
			c.wrong(field, "%q has no exclusive; allowed: true or false", n.Regex)
		}
		if n.Regex == "" {
			c.wrong(field, "a namespace has no regex")
			continue
		}
		// As other servers do, an expression holds from the beginning of the id on, and only as far as it goes.
		re, err := regexp.Compile("^(?:" + n.Regex + ")")
		if err != nil {
			c.wrong(field, "%q is not a regular expression: %v", n.Regex, err)
			continue
		}
		out.list = append(out.list, namespace{regex: re, exclusive: n.Exclusive != nil && *n.Exclusive, prefix: literalPrefix(n.Regex)})
	}
	return out
}

// literalPrefix is the text with which whatever matches begins.
func literalPrefix(expr string) string {
	re, err := regexp.Compile(strings.TrimPrefix(expr, "^"))
	if err != nil {
		return ""
	}
	prefix, _ := re.LiteralPrefix()
	return prefix
}

// Empty tells whether there are none.
func (n Namespaces) Empty() bool { return len(n.list) == 0 }

// Match tells whether an id is in one of the namespaces.
func (n Namespaces) Match(id string) bool { return n.match(id, false) }

// Exclusive tells whether an id is in one that nobody else may use.
func (n Namespaces) Exclusive(id string) bool { return n.match(id, true) }

func (n Namespaces) match(id string, exclusive bool) bool {
	if !strings.HasSuffix(id, n.local) {
		return false
	}
	for _, one := range n.list {
		if (one.exclusive || !exclusive) && one.regex.MatchString(id) {
			return true
		}
	}
	return false
}

// Prefixes are the beginnings of what is in the namespaces, one of each.
func (n Namespaces) Prefixes() []string {
	out := make([]string, len(n.list))
	for i, one := range n.list {
		out[i] = one.prefix
	}
	return out
}
