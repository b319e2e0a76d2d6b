package report

import (
	"fmt"
	"os"
	"regexp"
)

// block is a part of a page that a program writes: between two comments that name it.
var block = regexp.MustCompile(`(?s)(<!-- bench:([a-z-]+) -->\n).*?(<!-- /bench -->)`)

// FillPage puts texts between the comments of a Markdown page that name them. Blocks without a text stay as they are.
func FillPage(file string, texts map[string]string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	filled := block.ReplaceAllFunc(page, func(old []byte) []byte {
		m := block.FindSubmatch(old)
		text, ok := texts[string(m[2])]
		if !ok {
			return old
		}
		return []byte(string(m[1]) + text + string(m[3]))
	})
	if err := os.WriteFile(file, filled, 0o644); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}
