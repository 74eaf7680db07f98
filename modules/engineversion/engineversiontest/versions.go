package engineversiontest

import (
	"context"
	"sync"

	"galaxy/backend/modules/engineversion"
)

// Versions is a registry in memory, which answers as the real one does. It is
// safe for concurrent use.
type Versions struct {
	mu       sync.Mutex
	first    string // the default
	statuses map[string]engineversion.Status
}

// New makes a registry of active versions, the first of which is the default.
func New(versions ...string) *Versions {
	v := &Versions{statuses: map[string]engineversion.Status{}}
	for i, name := range versions {
		if i == 0 {
			v.first = name
		}
		v.statuses[name] = engineversion.Active
	}
	return v
}

// SetStatus changes or adds a version.
func (v *Versions) SetStatus(version string, status engineversion.Status) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.statuses[version] = status
}

// DefaultVersion is the first version.
func (v *Versions) DefaultVersion(context.Context) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.first == "" {
		return "", engineversion.ErrNoDefault
	}
	return v.first, nil
}

// StartableVersion returns nil for an active version.
func (v *Versions) StartableVersion(_ context.Context, version string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	status, there := v.statuses[version]
	switch {
	case !there:
		return engineversion.ErrNotFound
	case status != engineversion.Active:
		return engineversion.ErrInactive
	}
	return nil
}
