package mmdb_test

import (
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/oschwald/geoip2-golang/v2"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/mmdb"
)

func TestRealReaderReadsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	require.NoError(t, mmdb.WriteFile(path))
	db, err := geoip2.Open(path)
	require.NoError(t, err)
	defer db.Close()
	require.Equal(t, "GeoLite2-Country", db.Metadata().DatabaseType)
	for ip, want := range map[string]string{
		"127.0.0.1": "NL", "::1": "NL", "203.0.113.7": "DE", "203.0.113.200": "JP", "::ffff:203.0.113.7": "DE",
		"2001:db8::1": "SE", "192.0.2.200": "", "10.0.0.1": "", "8.8.8.8": "",
	} {
		got, err := db.Country(netip.MustParseAddr(ip).Unmap())
		require.NoError(t, err, ip)
		require.Equal(t, want, got.Country.ISOCode, ip)
	}
	germany, err := db.Country(netip.MustParseAddr("203.0.113.7"))
	require.NoError(t, err)
	require.Equal(t, "Germany", germany.Country.Names.English)
}

func TestSameNetworksGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	first, err := mmdb.Bytes(mmdb.Networks())
	require.NoError(t, err)
	second, err := mmdb.Bytes(mmdb.Networks())
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestNarrowNetworkKeepsItsCountry(t *testing.T) {
	t.Parallel()
	data, err := mmdb.Bytes(map[netip.Prefix]string{
		netip.MustParsePrefix("10.1.0.0/16"): "SE",
		netip.MustParsePrefix("10.0.0.0/8"):  "DE",
	})
	require.NoError(t, err)
	db, err := geoip2.OpenBytes(data)
	require.NoError(t, err)
	defer db.Close()
	for ip, want := range map[string]string{"10.1.2.3": "SE", "10.2.2.3": "DE"} {
		got, err := db.Country(netip.MustParseAddr(ip))
		require.NoError(t, err)
		require.Equal(t, want, got.Country.ISOCode)
	}
}

func TestUnknownCountryIsRefused(t *testing.T) {
	t.Parallel()
	for _, iso := range []string{"QQ", "de-DE", "276", "EU"} {
		_, err := mmdb.Bytes(map[netip.Prefix]string{netip.MustParsePrefix("10.0.0.0/8"): iso})
		require.ErrorContains(t, err, "10.0.0.0/8", iso)
	}
}

func TestUnwritablePathIsAnError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.ErrorIs(t, mmdb.WriteFile(filepath.Join(dir, "no", "such", "dir")), os.ErrNotExist)
}

func TestFileIsReplacedWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "country.mmdb")
	require.NoError(t, os.WriteFile(path, []byte("an older database"), 0o600))
	old, err := os.Open(path)
	require.NoError(t, err)
	defer old.Close()

	require.NoError(t, mmdb.WriteFile(path))

	kept, err := io.ReadAll(old)
	require.NoError(t, err)
	require.Equal(t, "an older database", string(kept), "whoever has the old file open goes on with it")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestDirectoryInTheFilesPlaceIsAnError(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "country.mmdb")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "full"), 0o755))
	require.Error(t, mmdb.WriteFile(path))
}

func TestNetworkWithoutACountryIsKnownAllTheSame(t *testing.T) {
	t.Parallel()
	data, err := mmdb.Bytes(map[netip.Prefix]string{netip.MustParsePrefix("198.18.0.0/15"): mmdb.NoCountry})
	require.NoError(t, err)
	db, err := geoip2.OpenBytes(data)
	require.NoError(t, err)
	defer db.Close()
	got, err := db.Country(netip.MustParseAddr("198.18.0.1"))
	require.NoError(t, err)
	require.Empty(t, got.Country.ISOCode)
	require.Equal(t, netip.MustParsePrefix("198.18.0.0/15"), got.Traits.Network)
}
