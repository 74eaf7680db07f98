// Package build knows which build of the program is running.
package build

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// Version is set by the linker for a release:
//
//	-ldflags "-X galaxy/backend/platform/telemetry/build.Version=v1.2.3"
var Version string

// Info identifies a build. Commit and Time come from version control and are
// empty when the program was built outside of it.
type Info struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`
	Time     string `json:"time"`
	Modified bool   `json:"modified"` // built from a tree with uncommitted changes
	Go       string `json:"go"`
}

// Read returns the running build. The answer does not change.
var Read = sync.OnceValue(read)

func read() Info {
	info := Info{Version: Version, Go: runtime.Version()}
	settings, ok := debug.ReadBuildInfo()
	if !ok {
		return info.withVersion()
	}
	for _, s := range settings.Settings {
		switch s.Key {
		case "vcs.revision":
			info.Commit = s.Value
		case "vcs.time":
			info.Time = s.Value
		case "vcs.modified":
			info.Modified = s.Value == "true"
		}
	}
	return info.withVersion()
}

// withVersion gives a build without a release version a name all the same.
func (i Info) withVersion() Info {
	if i.Version == "" {
		i.Version = "dev"
		if len(i.Commit) >= 12 {
			i.Version = "dev-" + i.Commit[:12]
		}
	}
	return i
}
