// Package mmdb writes a small country database in the format of
// GeoLite2-Country, for tests and for cmd/devstack: the real one may not be
// shipped with a repository.
//
// What always holds: a reader made for the real database reads this one, and
// the same networks give the same bytes.
package mmdb

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// DatabaseType is what the real database calls itself.
const DatabaseType = "GeoLite2-Country"

// buildEpoch is when the database says it was built: 2026-01-01 UTC.
const buildEpoch = 1767225600

// NoCountry marks a network that the database knows without a country, as the
// real one does for satellite links and anonymous proxies.
const NoCountry = ""

// Networks puts the address blocks that are reserved for documentation into
// countries, and the developer's own machine into the Netherlands.
func Networks() map[netip.Prefix]string {
	return map[netip.Prefix]string{
		netip.MustParsePrefix("127.0.0.0/8"):        "NL",
		netip.MustParsePrefix("::1/128"):            "NL",
		netip.MustParsePrefix("192.0.2.0/25"):       "US",
		netip.MustParsePrefix("192.0.2.128/25"):     NoCountry,
		netip.MustParsePrefix("198.51.100.0/25"):    "FR",
		netip.MustParsePrefix("198.51.100.128/25"):  "BR",
		netip.MustParsePrefix("203.0.113.0/25"):     "DE",
		netip.MustParsePrefix("203.0.113.128/25"):   "JP",
		netip.MustParsePrefix("2001:db8::/33"):      "SE",
		netip.MustParsePrefix("2001:db8:8000::/33"): "KE",
	}
}

// Bytes is the database of the given networks, each with its ISO 3166 code.
func Bytes(networks map[netip.Prefix]string) ([]byte, error) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: DatabaseType, Description: map[string]string{"en": "Synthetic countries for development"},
		Languages: []string{"en"}, BuildEpoch: buildEpoch, RecordSize: 24, IncludeReservedNetworks: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make a country database: %w", err)
	}
	// Wide networks first: a narrow one within keeps its own country.
	prefixes := slices.SortedFunc(maps.Keys(networks), func(a, b netip.Prefix) int {
		return cmp.Or(cmp.Compare(a.Bits(), b.Bits()), a.Addr().Compare(b.Addr()))
	})
	for _, prefix := range prefixes {
		record, err := countryRecord(networks[prefix])
		if err != nil {
			return nil, fmt.Errorf("network %s: %w", prefix, err)
		}
		bits := prefix.Addr().BitLen()
		ipNet := &net.IPNet{IP: prefix.Masked().Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), bits)}
		if err := tree.Insert(ipNet, record); err != nil {
			return nil, fmt.Errorf("network %s: %w", prefix, err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write a country database: %w", err)
	}
	return out.Bytes(), nil
}

func countryRecord(iso string) (mmdbtype.DataType, error) {
	if iso == NoCountry {
		return mmdbtype.Map{"traits": mmdbtype.Map{"is_satellite_provider": mmdbtype.Bool(true)}}, nil
	}
	region, err := language.ParseRegion(iso)
	if err != nil || len(iso) != 2 || !region.IsCountry() {
		return nil, fmt.Errorf("%q is not the code of a country", iso)
	}
	record := mmdbtype.Map{
		"iso_code":   mmdbtype.String(iso),
		"geoname_id": mmdbtype.Uint32(region.M49()),
		"names":      mmdbtype.Map{"en": mmdbtype.String(display.English.Regions().Name(region))},
	}
	return mmdbtype.Map{"country": record, "registered_country": record}, nil
}

// WriteFile writes the database of Networks to path: whole or not at all, so
// that a reader never maps half a file.
func WriteFile(path string) error {
	data, err := Bytes(Networks())
	if err != nil {
		return err
	}
	unfinished := path + ".new"
	if err := os.WriteFile(unfinished, data, 0o644); err != nil {
		return fmt.Errorf("write a country database: %w", err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("write a country database: %w", err)
	}
	return nil
}
