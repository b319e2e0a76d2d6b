package config

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// set gives a setting the value that a text stands for: from YAML, the environment and the command line alike.
func (n *node) set(cfg *Config, text string) error {
	if n.isList() {
		var parts []string
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
		return n.setList(cfg, parts)
	}
	if len(n.allow) > 0 && !slices.Contains(n.allow, text) {
		return fmt.Errorf("%q is not allowed; allowed: %s%s", text, strings.Join(n.allow, ", "), didYouMean(text, n.allow))
	}
	v := n.value(cfg)
	switch target := v.Addr().Interface().(type) {
	case *bool:
		return setParsed(target, text, parseSwitch)
	case *int:
		return setBounded(n, target, text, parseCount)
	case *Size:
		return setBounded(n, target, text, ParseSize)
	case *Duration:
		return setBounded(n, target, text, ParseDuration)
	case *Rate:
		return setParsed(target, text, ParseRate)
	case *PortRange:
		return setParsed(target, text, ParsePortRange)
	}
	if v.Kind() != reflect.String {
		return fmt.Errorf("settings of type %s cannot be set", n.typ)
	}
	v.SetString(text)
	return nil
}

// setList gives a setting that takes several values all of them.
func (n *node) setList(cfg *Config, parts []string) error {
	switch target := n.value(cfg).Addr().Interface().(type) {
	case *[]string:
		*target = append([]string(nil), parts...)
	case *[]netip.Prefix:
		var prefixes []netip.Prefix
		for _, part := range parts {
			prefix, err := parseNetwork(part)
			if err != nil {
				return err
			}
			prefixes = append(prefixes, prefix)
		}
		*target = prefixes
	default:
		return fmt.Errorf("settings of type %s cannot be set", n.typ)
	}
	return nil
}

func setParsed[T any](target *T, text string, parse func(string) (T, error)) error {
	parsed, err := parse(text)
	if err != nil {
		return err
	}
	*target = parsed
	return nil
}

func setBounded[T cmp.Ordered](n *node, target *T, text string, parse func(string) (T, error)) error {
	parsed, err := parse(text)
	if err != nil {
		return err
	}
	low, errLow := parse(n.min)
	high, errHigh := parse(n.max)
	if err := errors.Join(errLow, errHigh); err != nil {
		return fmt.Errorf("bounds of %s: %w", n.path, err)
	}
	if parsed < low || parsed > high {
		return fmt.Errorf("%s is out of range; allowed: %s to %s", text, n.min, n.max)
	}
	*target = parsed
	return nil
}

func parseSwitch(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "on", "true", "yes":
		return true, nil
	case "off", "false", "no":
		return false, nil
	}
	return false, fmt.Errorf("%q is not allowed; allowed: on, off", text)
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(strings.ReplaceAll(text, "_", ""))
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return n, nil
}

// parseNetwork reads a network such as 10.0.0.0/8, or one address.
func parseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%q is not a network such as 10.0.0.0/8, nor an address", text)
	}
	return prefix.Masked(), nil
}

// texts returns the value of a setting as set reads it back, an item for each value of a list.
func (n *node) texts(cfg *Config) []string {
	switch v := n.value(cfg).Interface().(type) {
	case bool:
		if v {
			return []string{"on"}
		}
		return []string{"off"}
	case []string:
		return v
	case []netip.Prefix:
		items := make([]string, len(v))
		for i, prefix := range v {
			items[i] = prefix.String()
		}
		return items
	case Secret:
		return []string{string(v)}
	default:
		return []string{fmt.Sprint(v)}
	}
}
