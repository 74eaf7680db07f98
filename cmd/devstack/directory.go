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

// endpointsFile is the file that tells other programs of a running stack.
const endpointsFile = "stack.json"

// directory is where a stack keeps its state.
type directory struct {
	root      string // absolute
	postgres  string // usually below dir
	ephemeral bool
	lock      *os.File
}

// openDirectory makes the directory on first use and takes it for this process.
func openDirectory(cfg config) (d directory, err error) {
	d.ephemeral = cfg.Ephemeral
	if cfg.Ephemeral {
		d.root, err = os.MkdirTemp("", "galaxy-devstack-")
	} else if d.root, err = filepath.Abs(cfg.Dir); err == nil {
		err = os.MkdirAll(d.root, 0o755)
	}
	if err != nil {
		return d, fmt.Errorf("make the directory: %w", err)
	}
	if err := os.Chmod(d.root, 0o711); err != nil { // Postgres' user has to get through
		return d, fmt.Errorf("open the directory: %w", err)
	}
	if d.lock, err = os.OpenFile(d.path("lock"), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return d, fmt.Errorf("open the directory: %w", err)
	}
	if err := syscall.Flock(int(d.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = d.lock.Close()
		return d, fmt.Errorf("a stack is running on %s already; -dir takes another directory", d.root)
	}
	if d.postgres, err = postgresDir(d.root); err != nil {
		return d, err
	}
	return d, d.makeStateRoot()
}

func (d directory) path(elements ...string) string {
	return filepath.Join(append([]string{d.root}, elements...)...)
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
func (d directory) makeStateRoot() error {
	root := d.path("games")
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
func (d directory) password() (string, error) {
	name := d.path("admin-password")
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
func (d directory) publish(e endpoints) error {
	data, err := json.MarshalIndent(e, "", "  ")
	if err != nil {
		return fmt.Errorf("publish the endpoints: %w", err)
	}
	raw := d.path(endpointsFile + ".new")
	if err := os.WriteFile(raw, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("publish the endpoints: %w", err)
	}
	return os.Rename(raw, d.path(endpointsFile))
}

// close gives the directory back, and removes an ephemeral one.
func (d directory) close() error {
	err := os.Remove(d.path(endpointsFile))
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if d.ephemeral {
		err = errors.Join(err, os.RemoveAll(d.root))
	}
	return errors.Join(err, d.lock.Close())
}
