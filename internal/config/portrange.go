package config

import (
	"fmt"
	"strconv"
	"strings"
)

// PortRange is the ports from First to Last.
type PortRange struct{ First, Last uint16 }

// ParsePortRange reads a range such as 49152-65535, or one port.
func ParsePortRange(text string) (PortRange, error) {
	low, high, several := strings.Cut(strings.ReplaceAll(text, " ", ""), "-")
	if !several {
		high = low
	}
	first, errFirst := strconv.ParseUint(low, 10, 16)
	last, errLast := strconv.ParseUint(high, 10, 16)
	if errFirst != nil || errLast != nil || first == 0 || last < first {
		return PortRange{}, fmt.Errorf("%q is not a range of ports such as 49152-65535", text)
	}
	return PortRange{First: uint16(first), Last: uint16(last)}, nil
}

// String writes the range as ParsePortRange reads it.
func (p PortRange) String() string { return fmt.Sprintf("%d-%d", p.First, p.Last) }
