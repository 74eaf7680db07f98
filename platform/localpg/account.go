package localpg

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Account is who the server runs as.
type Account struct {
	UID, GID int
	Name     string
	other    bool // another user than this process
}

// Unprivileged returns the account that the server and its files belong to:
// this process' own, unless that is root.
func Unprivileged() (Account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return Account{UID: uid, GID: os.Getegid(), Name: strconv.Itoa(uid)}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil {
			return Account{UID: uid, GID: gid, Name: name, other: true}, nil
		}
	}
	return Account{}, fmt.Errorf("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody")
}

// credential is what a child starts with; nil is this process' own.
func (a Account) credential() *syscall.Credential {
	if !a.other {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.UID), Gid: uint32(a.GID)}
}

// chown gives a path to the account.
func (a Account) chown(path string) error {
	if !a.other {
		return nil
	}
	return os.Lchown(path, a.UID, a.GID)
}

// CheckAccess reports whether the account can enter every directory above path.
// A checkout below /root is the common case where it cannot.
func (a Account) CheckAccess(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case os.IsNotExist(err): // will be made, with the right mode
		case err != nil:
			return err
		case !a.canEnter(info):
			return fmt.Errorf("the user %s, which PostgreSQL runs as, cannot enter %s", a.Name, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (a Account) canEnter(info os.FileInfo) bool {
	mode := info.Mode().Perm()
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return true
	case int(st.Uid) == a.UID:
		return mode&0o100 != 0
	case int(st.Gid) == a.GID:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}
