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

// DatabaseInfo describes the database that is loaded.
type DatabaseInfo struct {
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
	info   DatabaseInfo
}

// database is the country database in a file, and what of it is in memory.
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
	d.current.Store(&loaded{reader: reader, file: file, info: DatabaseInfo{Type: meta.DatabaseType,
		BuiltAt: time.Unix(int64(meta.BuildEpoch), 0).UTC(), LoadedAt: now, Nodes: meta.NodeCount}})
	return nil
}

// refresh loads the file again when it is not the one that is loaded. An error
// leaves the old one in place.
func (d *database) refresh(_ context.Context, now time.Time) error {
	file, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("check the country database: %w", err)
	}
	if old := d.current.Load(); old != nil && sameContent(file, old.file) {
		return nil
	}
	if err := d.load(now); err != nil {
		return err
	}
	d.log.Info("country database loaded", zap.Time("built_at", d.current.Load().info.BuiltAt))
	return nil
}

// sameContent reports whether a file is, as far as its metadata tells, the one
// that was read.
func sameContent(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
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
	loaded := d.current.Load()
	if loaded == nil || !ip.IsValid() {
		return "", unknown
	}
	record, err := loaded.reader.Country(ip.Unmap().WithZone(""))
	if err != nil {
		return "", failed
	}
	if iso := record.Country.ISOCode; len(iso) == 2 {
		return strings.ToUpper(iso), found
	}
	return "", notFound
}
