package geo

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/mmdb"
)

func TestAnAddressHasItsCountryOrNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for text, want := range map[string]string{
		"203.0.113.7": "DE", "::ffff:203.0.113.7": "DE", "2001:db8::1": "SE", "192.0.2.200": "", "10.0.0.1": "", "fe80::1%eth0": "",
	} {
		require.Equal(t, want, f.service.Country(netip.MustParseAddr(text)), text)
	}
	require.Empty(t, f.service.Country(netip.Addr{}))
}

// replace puts a database with one network in another country where the file is.
func (f *fixture) replace(country string) {
	f.Helper()
	data, err := mmdb.Bytes(map[netip.Prefix]string{netip.MustParsePrefix("203.0.113.0/24"): country})
	require.NoError(f, err)
	fresh := filepath.Join(filepath.Dir(f.path), "fresh.mmdb")
	require.NoError(f, os.WriteFile(fresh, data, 0o600))
	require.NoError(f, os.Rename(fresh, f.path))
}

func TestAReplacedDatabaseIsLoadedWhileLookUpsGoOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-quit:
				return
			default:
				f.service.Country(germany)
			}
		}
	})
	for _, country := range []string{"AT", "CH", "LI"} {
		f.replace(country)
		require.NoError(t, f.service.database.refresh(t.Context(), f.clock.Now()))
		require.Equal(t, country, f.service.Country(germany))
	}
	close(quit)
	wg.Wait()
}

func TestTheLoopNoticesAReplacedDatabase(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := NewWorker(f.service, f.clock, zap.NewNop())
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, w.Stop(context.Background())) })
	f.clock.BlockUntil(2)
	f.replace("AT")
	f.clock.Advance(watchInterval)
	f.clock.BlockUntil(2)
	require.Equal(t, "AT", f.service.Country(germany))
	info, ok := f.service.Database()
	require.True(t, ok)
	require.Equal(t, noon.Add(watchInterval), info.LoadedAt)
	f.clock.Advance(watchInterval)
	f.clock.BlockUntil(2)
	again, _ := f.service.Database()
	require.Equal(t, info, again, "a file that is the same is not read again")
}

func TestABrokenReplacementLeavesTheOldDatabaseInPlace(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"cut short": func(path string) error { return os.Truncate(path, 100) },
		"emptied":   func(path string) error { return os.Truncate(path, 0) },
		"removed":   os.Remove,
		"nonsense":  func(path string) error { return os.WriteFile(path, make([]byte, 4096), 0o600) },
	} {
		f := newFixture(t)
		require.NoError(t, change(f.path), name)
		require.Error(t, f.service.database.refresh(t.Context(), f.clock.Now()), name)
		require.Equal(t, "DE", f.service.Country(germany), name)
		f.replace("AT")
		require.NoError(t, f.service.database.refresh(t.Context(), f.clock.Now()), name)
		require.Equal(t, "AT", f.service.Country(germany), name)
	}
}

func TestAMissingDatabaseFailsTheStart(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"missing": filepath.Join(t.TempDir(), "none.mmdb"),
		"a directory": t.TempDir()} {
		s := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{DBPath: path})
		require.Error(t, s.Start(t.Context()), name)
		require.Empty(t, s.Country(germany), "a look-up before the start is no failure")
	}
	require.Error(t, Config{}.Validate())
	require.NoError(t, Config{DBPath: "x"}.Validate())
}

// The metadata tells whether a file is another one: it is not read to find out.
func TestOnlyAFileThatChangedIsReadAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.clock.Advance(time.Hour)
	loadedAt := func() time.Time {
		require.NoError(t, f.service.database.refresh(t.Context(), f.clock.Now()))
		info, ok := f.service.Database()
		require.True(t, ok)
		return info.LoadedAt
	}
	require.Equal(t, noon, loadedAt())
	require.NoError(t, os.Chtimes(f.path, time.Time{}, noon.Add(time.Minute)))
	require.Equal(t, noon.Add(time.Hour), loadedAt(), "another time of change")
	f.clock.Advance(time.Hour)
	require.Equal(t, noon.Add(time.Hour), loadedAt())
	data, err := os.ReadFile(f.path)
	require.NoError(t, err)
	other := f.path + ".new"
	require.NoError(t, os.WriteFile(other, data, 0o600))
	require.NoError(t, os.Chtimes(other, time.Time{}, noon.Add(time.Minute)))
	require.NoError(t, os.Rename(other, f.path))
	require.Equal(t, noon.Add(2*time.Hour), loadedAt(), "another file of the same size and time")
}

func TestAFileThatIsNoCountryDatabaseFailsTheStart(t *testing.T) {
	t.Parallel()
	asn := func(path string) error {
		tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "GeoLite2-ASN", RecordSize: 24})
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if _, err := tree.WriteTo(&out); err != nil {
			return err
		}
		return os.WriteFile(path, out.Bytes(), 0o600)
	}
	for want, write := range map[string]func(path string) error{
		"GeoLite2-ASN holds no countries": asn,
		"read the country database": func(path string) error {
			return os.WriteFile(path, []byte("country,code"),
				0o600)
		},
		"the file is too large to be one": func(path string) error {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(path, maxDatabase+1) // sparse: it takes no room
		},
	} {
		path := filepath.Join(t.TempDir(), "file.mmdb")
		require.NoError(t, write(path))
		err := NewService(nil, clock.NewFake(noon), zap.NewNop(), Config{DBPath: path}).Start(t.Context())
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "BACKEND_GEOIP_DB_PATH", "the message names the variable to mend")
	}
}

// The kinds of outcomes are what geo_lookups_total counts.
func TestALookUpTellsWhyThereIsNoCountry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		ip      netip.Addr
		country string
		want    outcome
	}{
		"found":                    {germany, "DE", found},
		"in no network":            {nowhere, "", notFound},
		"a network without one":    {netip.MustParseAddr("192.0.2.200"), "", notFound},
		"no address":               {netip.Addr{}, "", unknown},
		"an address with a zone":   {netip.MustParseAddr("2001:db8::1%eth0"), "SE", found},
		"an IPv4 address, as IPv6": {netip.MustParseAddr("::ffff:203.0.113.7"), "DE", found},
	} {
		country, got := f.service.database.country(c.ip)
		require.Equal(t, c.want, got, name)
		require.Equal(t, c.country, country, name)
	}
	_, got := (&database{}).country(germany)
	require.Equal(t, unknown, got, "no database")
}
