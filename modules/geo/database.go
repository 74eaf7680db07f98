package geo

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/oschwald/geoip2-golang/v2"
	"go.uber.org/zap"
)

// Info describes the database that is loaded.
type Info struct {
	Type     string
	BuiltAt  time.Time
	LoadedAt time.Time
	Nodes    uint
}

// loaded is one version of the file, in memory. It is never closed: look-ups may
// still hold it, and the garbage collector knows when they do not.
type loaded struct {
	reader *geoip2.Reader
	file   fs.FileInfo
	info   Info
}

// database is the file that is loaded now.
type database struct {
	path    string
	log     *zap.Logger
	current atomic.Pointer[loaded]
}

// maxDatabase bounds what is read into memory; the real file has about 10 MB.
const maxDatabase = 256 << 20

// load reads the file and makes it current.
func (d *database) load(now time.Time) error {
	file, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("open the country database: %w", err)
	}
	if file.Size() > maxDatabase {
		return errors.New("open the country database: the file is too large to be one")
	}
	data, err := os.ReadFile(d.path)
	if err != nil {
		return fmt.Errorf("read the country database: %w", err)
	}
	reader, err := geoip2.OpenBytes(data)
	if err != nil {
		return fmt.Errorf("read the country database: %w", err)
	}
	meta := reader.Metadata()
	if !strings.Contains(meta.DatabaseType, "Country") && !strings.Contains(meta.DatabaseType, "City") {
		return fmt.Errorf("read the country database: %s holds no countries", meta.DatabaseType)
	}
	d.current.Store(&loaded{reader: reader, file: file, info: Info{Type: meta.DatabaseType,
		BuiltAt: time.Unix(int64(meta.BuildEpoch), 0).UTC(), LoadedAt: now, Nodes: meta.NodeCount}})
	return nil
}

// refresh loads the file again when it is not the one that is loaded. An error
// leaves the old one in place.
func (d *database) refresh(_ context.Context, now time.Time) error {
	file, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("look at the country database: %w", err)
	}
	was := d.current.Load()
	if was != nil && os.SameFile(file, was.file) && file.ModTime().Equal(was.file.ModTime()) && file.Size() == was.file.Size() {
		return nil
	}
	if err := d.load(now); err != nil {
		return err
	}
	d.log.Info("country database loaded", zap.Time("built_at", d.current.Load().info.BuiltAt))
	return nil
}

// outcome labels geo_lookups_total.
type outcome string

const (
	found    outcome = "found"
	notFound outcome = "not_found" // the database has no country for the address
	unknown  outcome = "unknown"   // there is no address, or no database
	failed   outcome = "error"
)

// country looks an address up.
func (d *database) country(ip netip.Addr) (string, outcome) {
	now := d.current.Load()
	if now == nil || !ip.IsValid() {
		return "", unknown
	}
	record, err := now.reader.Country(ip.Unmap().WithZone(""))
	if err != nil {
		return "", failed
	}
	if iso := record.Country.ISOCode; len(iso) == 2 {
		return strings.ToUpper(iso), found
	}
	return "", notFound
}
