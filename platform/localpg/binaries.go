package localpg

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// ErrMissing says that no usable Postgres is installed. Its text is the one
// line a developer needs.
var ErrMissing = errors.New(
	"no PostgreSQL 15 or newer was found in PATH or in its usual places: install the package postgresql")

// minMajor is the first major version with CREATE DATABASE ... STRATEGY.
const minMajor = 15

// installDirs lists where distributions and macOS package managers put the
// binaries of each major version.
var installDirs = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
	"/Applications/Postgres.app/Contents/Versions/*/bin",
}

// Binaries is one installation of Postgres.
type Binaries struct {
	Dir     string // holds postgres and initdb
	Version string // as the program says it, such as "15.18 (Debian 15.18-0+deb12u1)"
	Major   int
}

// Find returns the newest installation, or ErrMissing.
func Find() (Binaries, error) { return newest(installed(installDirs)) }

// FindMajor returns an installation of one major version: the files of a
// cluster can be read by no other.
func FindMajor(major int) (Binaries, error) {
	found := slices.DeleteFunc(installed(installDirs), func(b Binaries) bool { return b.Major != major })
	b, err := newest(found)
	if err != nil {
		return b, fmt.Errorf("no PostgreSQL %d was found, which made this data directory", major)
	}
	return b, nil
}

func newest(found []Binaries) (Binaries, error) {
	if len(found) == 0 {
		return Binaries{}, ErrMissing
	}
	return slices.MaxFunc(found, func(a, b Binaries) int { return cmp.Compare(a.Major, b.Major) }), nil
}

// installed lists every usable installation, that of PATH first, then those in
// the directories that patterns name.
func installed(patterns []string) []Binaries {
	var dirs []string
	if p, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	for _, pattern := range patterns {
		found, _ := filepath.Glob(pattern) // the patterns are constants
		dirs = append(dirs, found...)
	}
	var out []Binaries
	for i, dir := range dirs {
		if slices.Contains(dirs[:i], dir) {
			continue
		}
		if b, err := inspect(dir); err == nil && b.Major >= minMajor {
			out = append(out, b)
		}
	}
	return out
}

// inspect asks the program for its version.
func inspect(dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, fmt.Errorf("ask %s for its version: %w", dir, err)
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), ") ")
	digits := strings.IndexFunc(version, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(version)
	}
	major, err := strconv.Atoi(version[:digits])
	if err != nil {
		return Binaries{}, fmt.Errorf("read the version of %s: %q", dir, out)
	}
	return Binaries{Dir: dir, Version: version, Major: major}, nil
}
