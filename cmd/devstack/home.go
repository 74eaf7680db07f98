package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"galaxy/backend/platform/localpg"
)

// engineUID is the user that engines have inside their containers.
const engineUID = 65532

// published is the file that tells other programs of a running stack.
const published = "stack.json"

// home is the directory of a stack.
type home struct {
	dir       string // absolute
	postgres  string // usually below dir
	ephemeral bool
	lock      *os.File
}

// openHome makes the directory on first use and takes it for this process.
func openHome(cfg config) (h home, err error) {
	h.ephemeral = cfg.Ephemeral
	if cfg.Ephemeral {
		h.dir, err = os.MkdirTemp("", "galaxy-devstack-")
	} else if h.dir, err = filepath.Abs(cfg.Dir); err == nil {
		err = os.MkdirAll(h.dir, 0o755)
	}
	if err != nil {
		return h, fmt.Errorf("make the directory: %w", err)
	}
	if err := os.Chmod(h.dir, 0o711); err != nil { // Postgres' user has to get through
		return h, fmt.Errorf("open the directory: %w", err)
	}
	if h.lock, err = os.OpenFile(h.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return h, fmt.Errorf("open the directory: %w", err)
	}
	if err := syscall.Flock(int(h.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = h.lock.Close()
		return h, fmt.Errorf("a stack is running on %s already; -dir takes another directory", h.dir)
	}
	if h.postgres, err = postgresDir(h.dir); err != nil {
		return h, err
	}
	return h, h.makeStateRoot()
}

func (h home) path(elements ...string) string {
	return filepath.Join(append([]string{h.dir}, elements...)...)
}

// postgresDir is below dir, unless the user that Postgres runs as under root
// cannot get there: a checkout in /root is the common case.
func postgresDir(dir string) (string, error) {
	account, err := localpg.Unprivileged()
	if err != nil {
		return "", err
	}
	within := filepath.Join(dir, "postgres")
	if account.CheckAccess(within) == nil {
		return within, nil
	}
	sum := sha256.Sum256([]byte(dir))
	return filepath.Join("/var/lib/galaxy-devstack", hex.EncodeToString(sum[:6]), "postgres"), nil
}

// makeStateRoot makes the directory that engines keep games in. Under root it
// belongs to the engines' user; otherwise engines run as this one.
func (h home) makeStateRoot() error {
	root := h.path("games")
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("make the games' directory: %w", err)
	}
	if os.Geteuid() != 0 {
		return nil
	}
	if err := os.Chown(root, engineUID, engineUID); err != nil {
		return fmt.Errorf("give the games' directory to the engines: %w", err)
	}
	return nil
}

// password is the first operator's: drawn once, then the same at every start.
func (h home) password() (string, error) {
	name := h.path("admin-password")
	text, err := os.ReadFile(name)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the operator's password: %w", err)
	}
	drawn := rand.Text()
	if err := os.WriteFile(name, []byte(drawn+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the operator's password: %w", err)
	}
	return drawn, nil
}

// publish tells other programs, such as the demo, where the stack is.
func (h home) publish(e endpoints) error {
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("publish the endpoints: %w", err)
	}
	raw := h.path(published + ".new")
	if err := os.WriteFile(raw, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("publish the endpoints: %w", err)
	}
	return os.Rename(raw, h.path(published))
}

// close gives the directory back, and removes an ephemeral one.
func (h home) close() error {
	err := os.Remove(h.path(published))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if h.ephemeral {
		err = errors.Join(err, os.RemoveAll(h.dir))
	}
	return errors.Join(err, h.lock.Close())
}
