package testkit

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOnlyTheClustersUsedLastAreKept(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	now := time.Now()
	for i, name := range []string{"oldest", "old", "new", "newest"} {
		require.NoError(t, os.Mkdir(filepath.Join(home, name), 0o700))
		used := now.Add(time.Duration(i) * time.Minute)
		require.NoError(t, os.Chtimes(filepath.Join(home, name), used, used))
	}
	require.NoError(t, os.WriteFile(filepath.Join(home, "lock"), nil, 0o600))
	removeOldest(home, 2)
	left, err := filepath.Glob(filepath.Join(home, "*"))
	require.NoError(t, err)
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	require.Equal(t, []string{"lock", "new", "newest"}, left, "a file is no cluster")
	removeOldest(home, 10)
	removeOldest(filepath.Join(home, "absent"), 0)
}

func TestACopiedTreeHasEveryFileAndItsOwner(t *testing.T) {
	t.Parallel()
	from, to := t.TempDir(), t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(from, "base", "1"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(from, "base", "1", "data"), []byte("page"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(from, "PG_VERSION"), []byte("15"), 0o600))
	var owned []string
	require.NoError(t, copyTree(from, to, func(path string) error {
		rel, err := filepath.Rel(to, path)
		owned = append(owned, rel)
		return err
	}))
	require.Equal(t, []string{"PG_VERSION", "base", "base/1", "base/1/data"}, owned)
	got, err := os.ReadFile(filepath.Join(to, "base", "1", "data"))
	require.NoError(t, err)
	require.Equal(t, "page", string(got))
	require.ErrorIs(t, copyTree(from, to, func(string) error { return nil }), fs.ErrExist, "nothing is overwritten")
}

func TestTheLockFileHasOneHolder(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "lock")
	var holders, most atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			unlock, err := lockFile(name)
			if err != nil {
				t.Error(err)
				return
			}
			most.Store(max(most.Load(), holders.Add(1)))
			holders.Add(-1)
			unlock()
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, most.Load())
	_, err := lockFile(filepath.Join(t.TempDir(), "absent", "lock"))
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestTheTemplateIsNamedAfterTheMigrations(t *testing.T) {
	t.Parallel()
	first, err := migrationsHash()
	require.NoError(t, err)
	second, err := migrationsHash()
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Regexp(t, `^[0-9a-f]{12}$`, first)
}
