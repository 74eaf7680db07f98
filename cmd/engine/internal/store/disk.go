package store

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Step is a point of a write at which a fault can be injected.
type Step string

// Steps: before bytes are written, and after each thing that reaches the disk.
const (
	BeforeWrite Step = "before write"
	AfterFsync  Step = "after fsync"
	AfterRename Step = "after rename"
	AfterDir    Step = "after directory fsync"
)

// Hook is called at every step; an error it returns is the error of that step.
// A test's hook may also panic.
type Hook func(step Step, path string) error

// disk is the directory, entered through os.Root: no name leads out of it, not
// even through a symbolic link.
type disk struct {
	root *os.Root
	hook Hook
}

func (d *disk) reached(step Step, name string) error {
	if d.hook == nil {
		return nil
	}
	return d.hook(step, name)
}

// write creates a file with its content on disk.
func (d *disk) write(name string, data []byte) error {
	if err := d.reached(BeforeWrite, name); err != nil {
		return err
	}
	f, err := d.root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|syscall.O_NOFOLLOW, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return d.reached(AfterFsync, name)
}

func (d *disk) rename(from, to string) error {
	if err := d.root.Rename(from, to); err != nil {
		return err
	}
	return d.reached(AfterRename, to)
}

// sync makes the entries of a directory durable.
func (d *disk) sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return d.reached(AfterDir, name)
}

// syncExisting makes a file or a directory durable, if it exists.
func (d *disk) syncExisting(name string) error {
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return d.reached(AfterFsync, name)
}

// makeDirectory creates a directory unless it exists.
func (d *disk) makeDirectory(name string) error {
	err := d.root.Mkdir(name, 0o750)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := d.sync(path.Dir(name)); err != nil {
		// The next attempt must not find it and regard it as durable.
		return errors.Join(err, d.root.Remove(name))
	}
	return nil
}

// list lists a directory; one that does not exist is empty.
func (d *disk) list(name string) ([]string, error) {
	entries, err := fs.ReadDir(d.root.FS(), name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

const temporary = ".tmp"

// removeTemporary removes files that a crash left partly written in a directory.
func (d *disk) removeTemporary(name string) error {
	names, err := d.list(name)
	for _, entry := range names {
		if strings.HasSuffix(entry, temporary) {
			err = errors.Join(err, d.root.RemoveAll(path.Join(name, entry)))
		}
	}
	return err
}
