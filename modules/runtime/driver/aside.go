package driver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"syscall"

	"github.com/google/uuid"
)

// asideDir holds copies: root/.aside/{game_id}/{label}. It belongs to the
// backend, so no engine can touch a copy.
const asideDir = ".aside"

var labelForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// CopyAside copies a stopped game's directory under a label. A copy of that
// label that is complete is left as it is, so that a repeat after a crash keeps
// what was there before the change and not what came of it.
func (d *StateDirs) CopyAside(ctx context.Context, game uuid.UUID, label string) error {
	return d.aside(game, label, "copy aside", func(root *os.Root, copied string) error {
		if _, err := realDir(root, copied); err == nil {
			return nil
		}
		return d.replace(ctx, root, game.String(), copied)
	})
}

// PutBack replaces a stopped game's directory by the copy. It may be repeated.
func (d *StateDirs) PutBack(ctx context.Context, game uuid.UUID, label string) error {
	return d.aside(game, label, "put back", func(root *os.Root, copied string) error {
		if _, err := realDir(root, copied); err != nil {
			return err
		}
		return d.replace(ctx, root, copied, game.String())
	})
}

// DropAside removes a copy; none is no error.
func (d *StateDirs) DropAside(game uuid.UUID, label string) error {
	return d.aside(game, label, "drop the copy", func(root *os.Root, copied string) error { return root.RemoveAll(copied) })
}

func (d *StateDirs) aside(game uuid.UUID, label, what string, do func(root *os.Root, copied string) error) error {
	err := func() error {
		if game == uuid.Nil || !labelForm.MatchString(label) {
			return errors.New("no such label")
		}
		root, err := d.open()
		if err != nil {
			return err
		}
		defer root.Close()
		parent := path.Join(asideDir, game.String())
		if err := root.MkdirAll(parent, 0o700); err != nil {
			return err
		}
		return do(root, path.Join(parent, label))
	}()
	if err != nil {
		return fmt.Errorf("%s state of %s (%s): %w: %w", what, game, label, ErrState, err)
	}
	return nil
}

// replace copies src beside dst and puts it into dst's place by renaming, so
// that dst is at no time half a copy.
func (d *StateDirs) replace(ctx context.Context, root *os.Root, src, dst string) error {
	fresh, old := path.Join(asideDir, path.Base(path.Dir(dst))+"-"+path.Base(dst)+".new"), path.Join(asideDir, path.Base(dst)+".old")
	if err := errors.Join(root.RemoveAll(fresh), root.RemoveAll(old)); err != nil {
		return err
	}
	if err := d.copyTree(ctx, root, src, fresh); err != nil {
		return errors.Join(err, root.RemoveAll(fresh))
	}
	if err := root.Rename(dst, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := root.Rename(fresh, dst); err != nil {
		return err
	}
	return root.RemoveAll(old)
}

// copyTree copies directories and regular files with owners and modes. Anything
// else has no business in a state directory.
func (d *StateDirs) copyTree(ctx context.Context, root *os.Root, src, dst string) error {
	if _, err := realDir(root, src); err != nil {
		return err
	}
	return fs.WalkDir(root.FS(), src, func(name string, e fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		info, err := root.Lstat(name)
		if err != nil {
			return err
		}
		to := dst + name[len(src):]
		switch {
		case info.IsDir():
			err = root.Mkdir(to, 0o700)
		case info.Mode().IsRegular():
			err = copyFile(root, name, to)
		default:
			return fmt.Errorf("%s is neither a file nor a directory", name)
		}
		if err != nil {
			return err
		}
		return keepOwner(root, to, info)
	})
}

func keepOwner(root *os.Root, name string, info fs.FileInfo) error {
	if st, ok := info.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		if err := root.Lchown(name, int(st.Uid), int(st.Gid)); err != nil {
			return err
		}
	}
	return root.Chmod(name, info.Mode().Perm())
}

func copyFile(root *os.Root, from, to string) error {
	in, err := root.OpenFile(from, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}
