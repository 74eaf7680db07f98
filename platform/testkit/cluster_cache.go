package testkit

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"galaxy/backend/platform/localpg"
)

// clusterFormat is part of every key; it rises when what is prepared changes.
const clusterFormat = 1

// maxClusters is how many prepared clusters are kept: one for each of the
// branches a developer switches between.
const maxClusters = 4

// copyPrepared fills dir with a cluster that has the template database. The first
// process to need one makes it and leaves it in the user's cache directory.
func copyPrepared(ctx context.Context, dir string) error {
	binaries, err := localpg.Find()
	if err != nil {
		return err
	}
	hash, err := migrationsHash()
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	home, err := os.UserCacheDir()
	if err != nil {
		return nil // no home, no cache: the server creates everything again
	}
	home = filepath.Join(home, "galaxy-backend", "testpg")
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %s", clusterFormat, binaries.Version, binaries.Dir, hash))
	ready := filepath.Join(home, hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil
	}
	unlock, err := lockFile(filepath.Join(home, "lock"))
	if err != nil {
		return fmt.Errorf("lock the prepared clusters: %w", err)
	}
	defer unlock()
	if _, err := os.Stat(ready); errors.Is(err, fs.ErrNotExist) {
		if err := prepareCluster(ctx, ready); err != nil {
			return fmt.Errorf("prepare a cluster: %w", err)
		}
		removeOldest(home, maxClusters)
	}
	now := time.Now()
	_ = os.Chtimes(ready, now, now) // only the order of removal depends on it
	return copyCluster(ready, dir)
}

// prepareCluster makes a cluster with the template in a temporary directory and
// moves a copy of it to ready when it is whole.
func prepareCluster(ctx context.Context, ready string) (err error) {
	dir, err := makeServerDir()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	srv, err := localpg.Start(ctx, localpg.Config{Dir: dir, Profile: localpg.Fast})
	if err != nil {
		return err
	}
	_, err = templateOn(ctx, srv)
	if err = errors.Join(err, srv.Stop(ctx)); err != nil {
		return err
	}
	raw := ready + ".new"
	if err := errors.Join(os.RemoveAll(raw), os.Mkdir(raw, 0o700)); err != nil {
		return err
	}
	if err := copyTree(dir, raw, func(string) error { return nil }); err != nil {
		return err
	}
	return os.Rename(raw, ready)
}

// copyCluster copies a prepared cluster into dir and gives it to the server's
// account.
func copyCluster(ready, dir string) error {
	account, err := localpg.Unprivileged()
	if err != nil {
		return err
	}
	own := func(path string) error {
		if os.Geteuid() != 0 {
			return nil
		}
		return os.Lchown(path, account.UID, account.GID)
	}
	if err := copyTree(ready, dir, own); err != nil {
		return fmt.Errorf("copy the prepared cluster: %w", err)
	}
	return nil
}

// copyTree copies directories and files of from into the directory to.
func copyTree(from, to string, own func(path string) error) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || rel == "." {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return errors.Join(os.Mkdir(target, 0o700), own(target))
		}
		return errors.Join(copyFile(path, target), own(target))
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// removeOldest removes all but the newest clusters.
func removeOldest(home string, keep int) {
	entries, err := os.ReadDir(home)
	if err != nil {
		return
	}
	type cluster struct {
		path string
		used time.Time
	}
	var clusters []cluster
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() {
			clusters = append(clusters, cluster{filepath.Join(home, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(clusters, func(a, b cluster) int { return cmp.Compare(b.used.UnixNano(), a.used.UnixNano()) })
	for _, c := range clusters[min(keep, len(clusters)):] {
		_ = os.RemoveAll(c.path) // what is left is removed the next time
	}
}

// lockFile waits for the lock of all test processes of this user. The kernel
// releases it when the process ends.
func lockFile(name string) (unlock func(), err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { _ = f.Close() }, nil
}
