package config

import (
	"os"

	"bongsu.org/bongsu/internal/media"
)

func (l *loader) checkMedia() {
	m := &l.cfg.Media
	if len(m.Stores) == 0 {
		if m.RequiredStores > 1 {
			l.wrong("media.required_stores", "it needs media.stores")
		}
		return
	}
	if m.Directory != "" {
		l.wrong("media.stores", "name the folder of media.directory here, and leave that out")
	}
	if m.RequiredStores > len(m.Stores) {
		l.wrong("media.required_stores", "%d is more than the %d stores", m.RequiredStores, len(m.Stores))
	}
	seen := map[string]bool{}
	for _, text := range m.Stores {
		_, s3, err := media.ParseStore(text)
		if err != nil {
			l.wrong("media.stores", "%v", err)
			continue
		}
		if s3 != nil && s3.CredentialsFile != "" {
			if _, err := os.Stat(s3.CredentialsFile); err != nil {
				l.wrong("media.stores", "%v", err)
			}
		}
		if seen[text] {
			l.wrong("media.stores", "%q stands there twice", text)
		}
		seen[text] = true
	}
}
