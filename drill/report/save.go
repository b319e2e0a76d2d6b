package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Save writes the report as JSON and as a page into a folder.
func (r *Report) Save(dir string) error {
	b, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), b, 0o644); err != nil { //nolint:gosec // a report is to be read
		return fmt.Errorf("saving the report: %w", err)
	}
	page, err := os.Create(filepath.Join(dir, "report.html"))
	if err != nil {
		return fmt.Errorf("saving the page: %w", err)
	}
	return errors.Join(r.HTML(page), page.Close())
}
