package geo

import "errors"

// Config is the section BACKEND_GEOIP_*.
type Config struct {
	DBPath string `split_words:"true" required:"true" desc:"path of the GeoLite2 Country .mmdb file"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	if c.DBPath == "" {
		return errors.New("BACKEND_GEOIP_DB_PATH is required")
	}
	return nil
}
