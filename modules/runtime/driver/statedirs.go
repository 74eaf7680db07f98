package driver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/google/uuid"
)

// engineUID is the user that engines run as, and that state directories belong
// to wherever the backend may give files away.
const engineUID = 65532

// StateDirs are the state directories of all games: root/{game_id}. Names come
// from parsed identifiers alone, every access goes through os.Root, and a
// symbolic link is never followed: what an engine plants in its directory leads
// nowhere.
type StateDirs struct {
	root string
	uid  int
	gid  int
}

// NewStateDirs makes no directory and looks at none.
func NewStateDirs(root string) *StateDirs {
	d := &StateDirs{root: filepath.Clean(root), uid: os.Geteuid(), gid: os.Getegid()}
	if d.uid == 0 {
		d.uid, d.gid = engineUID, engineUID
	}
	return d
}

// Owner is the user and group that engines must run as, "uid:gid".
func (d *StateDirs) Owner() string { return strconv.Itoa(d.uid) + ":" + strconv.Itoa(d.gid) }

// path is where a game's directory is, or would be.
func (d *StateDirs) path(game uuid.UUID) string { return filepath.Join(d.root, game.String()) }

// CheckWritable reports why no game's directory could be made: the root is no
// directory, full, or not to be written.
func (d *StateDirs) CheckWritable() error {
	root, err := d.openRoot()
	if err != nil {
		return err
	}
	defer root.Close()
	return checkWritable(root, ".")
}

// Ensure makes a game's directory, checks that it is a directory of the engines'
// user, and that it can be written. It returns its path, or ErrState.
func (d *StateDirs) Ensure(game uuid.UUID) (string, error) {
	if err := d.ensure(game); err != nil {
		return "", fmt.Errorf("state directory of %s: %w: %w", game, ErrState, err)
	}
	return d.path(game), nil
}

func (d *StateDirs) ensure(game uuid.UUID) error {
	if game == uuid.Nil {
		return errors.New("no game")
	}
	root, err := d.openRoot()
	if err != nil {
		return err
	}
	defer root.Close()
	name := game.String()
	if err := root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := lstatDir(root, name)
	if err != nil {
		return err
	}
	if err := d.ensureOwner(root, name, info); err != nil {
		return err
	}
	return checkWritable(root, name)
}

// openRoot opens the root, making it if it is missing.
func (d *StateDirs) openRoot() (*os.Root, error) {
	if err := os.MkdirAll(d.root, 0o755); err != nil {
		return nil, err
	}
	return os.OpenRoot(d.root)
}

// ensureOwner gives the directory to the engines' user. One of another user is
// refused where it cannot be given: the engine could not write it.
func (d *StateDirs) ensureOwner(root *os.Root, name string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if ok && int(st.Uid) == d.uid {
		return nil
	}
	if os.Geteuid() != 0 {
		return fmt.Errorf("it belongs to another user than %s", d.Owner())
	}
	return root.Lchown(name, d.uid, d.gid)
}

// checkWritable finds a full or read-only file system before an engine does.
func checkWritable(root *os.Root, dir string) error {
	name := filepath.Join(dir, ".probe")
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 4096))
	return errors.Join(err, f.Close(), root.Remove(name))
}

// lstatDir refuses everything but a directory, above all a link to one.
func lstatDir(root *os.Root, name string) (fs.FileInfo, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", name)
	}
	return info, nil
}
