package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"syscall"

	"galaxy/backend/platform/localpg"
)

// minFreeMemory is the free memory that a file system in memory must have for a test
// server to go there: several packages test at once.
const minFreeMemory = 2 << 30

// startLocal starts a private server from local binaries on a copy of the
// prepared cluster. The copy goes with the server.
func startLocal(ctx context.Context) (adminDSN string, err error) {
	dir, err := makeServerDir()
	if err != nil {
		return "", err
	}
	srv, err := startCopy(ctx, dir)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return srv.DSN("postgres"), nil
}

func startCopy(ctx context.Context, dir string) (*localpg.Server, error) {
	if err := copyPrepared(ctx, dir); err != nil {
		return nil, err
	}
	return localpg.Start(ctx, localpg.Config{Dir: dir, Profile: localpg.Fast, Ephemeral: true})
}

// makeServerDir makes a directory that the server's account can enter and
// remove, in memory where there is room.
func makeServerDir() (string, error) {
	account, err := localpg.Unprivileged()
	if err != nil {
		return "", err
	}
	for _, base := range []string{"/dev/shm", os.TempDir(), "/tmp"} {
		if base == "/dev/shm" && freeBytes(base) < minFreeMemory {
			continue
		}
		dir, err := os.MkdirTemp(base, "galaxy-testpg-")
		if err != nil {
			continue
		}
		if account.CheckAccess(dir) == nil && os.Lchown(dir, account.UID, account.GID) == nil {
			return dir, nil
		}
		if err := os.Remove(dir); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("neither /dev/shm nor %s nor /tmp can hold a test server", os.TempDir())
}

func freeBytes(dir string) uint64 {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0
	}
	return st.Bavail * uint64(st.Bsize)
}

// templateOn makes sure that a local server has the template database.
func templateOn(ctx context.Context, srv *localpg.Server) (name string, err error) {
	admin, err := url.Parse(srv.DSN("postgres"))
	if err != nil {
		return "", err
	}
	return ensureTemplate(ctx, &pgServer{admin: admin})
}
