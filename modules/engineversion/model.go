package engineversion

import (
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/distribution/reference"
)

// Status says what a version may start.
type Status string

// The states of an engine version. A deprecated one starts no new game, a
// blocked one starts nothing.
const (
	Active     Status = "active"
	Deprecated Status = "deprecated"
	Blocked    Status = "blocked"
)

// Prefetch is how far pulling a version's image ahead has come.
type Prefetch string

// The states of a prefetch.
const (
	PrefetchNone    Prefetch = "none"
	PrefetchQueued  Prefetch = "queued"
	PrefetchRunning Prefetch = "running"
	PrefetchDone    Prefetch = "done"
	PrefetchFailed  Prefetch = "failed"
)

// Version is an entry of the registry of engines.
type Version struct {
	Version       string     `db:"version"`
	ImageRef      string     `db:"image_ref"`
	Digest        string     `db:"digest"` // what the image resolved to at its last pull
	Status        Status     `db:"status"`
	IsDefault     bool       `db:"is_default"`
	Notes         string     `db:"notes"`
	Prefetch      Prefetch   `db:"prefetch"`
	PrefetchError string     `db:"prefetch_error"`
	PrefetchedAt  *time.Time `db:"prefetched_at"`
	Revision      int64      `db:"revision"`
	CreatedAt     time.Time  `db:"created_at"`
	UpdatedAt     time.Time  `db:"updated_at"`
}

const (
	maxVersion  = 64  // bytes
	maxImageRef = 512 // bytes
)

// NewVersion is what registers a version.
type NewVersion struct{ Version, ImageRef, Notes string }

// Patch is a change of a version; nil leaves a field alone. Revision, when not
// 0, is the revision that the change is meant for.
type Patch struct {
	ImageRef, Notes *string
	Status          *Status
	Revision        int64
}

// apply changes v. The image of another reference has to be pulled anew.
func (p Patch) apply(v *Version) error {
	if p.Revision != 0 && p.Revision != v.Revision {
		return ErrRevisionMismatch
	}
	if p.Notes != nil {
		v.Notes = *p.Notes
	}
	if p.Status != nil {
		if v.IsDefault && *p.Status != Active {
			return ErrIsDefault
		}
		v.Status = *p.Status
	}
	if p.ImageRef == nil || *p.ImageRef == v.ImageRef {
		return nil
	}
	v.ImageRef, v.Digest, v.Prefetch, v.PrefetchError, v.PrefetchedAt = *p.ImageRef, "", PrefetchNone, "", nil
	return checkImage(v.ImageRef)
}

// checkVersion accepts MAJOR.MINOR.PATCH with an optional pre-release. A leading
// v, missing parts and build metadata are refused: two spellings of one version
// would be two entries.
func checkVersion(s string) error {
	v, err := semver.StrictNewVersion(s)
	if err != nil || len(s) > maxVersion || v.Metadata() != "" || v.String() != s {
		return ErrInvalidVersion
	}
	return nil
}

// checkImage accepts a reference that names a tag or a digest. Without either
// the image would change under a version's name.
func checkImage(s string) error {
	if len(s) > maxImageRef {
		return ErrInvalidImage
	}
	named, err := reference.ParseNormalizedNamed(s)
	if err != nil || reference.IsNameOnly(named) {
		return ErrInvalidImage
	}
	return nil
}

// newestFirst orders versions for slices.SortFunc.
func newestFirst(a, b Version) int {
	va, errA := semver.StrictNewVersion(a.Version)
	vb, errB := semver.StrictNewVersion(b.Version)
	if errA != nil || errB != nil { // the table's CHECK and checkVersion agree
		return 0
	}
	return vb.Compare(va)
}
