package localpg

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Superuser is the role that owns the cluster.
const Superuser = "galaxy"

// Layout of Config.Dir.
const (
	dataDir      = "data"
	passwordFile = "password"
	logFile      = "postgres.log"
)

// cluster is a data directory and what is needed to run it.
type cluster struct {
	dir      string
	account  Account
	binaries Binaries
	password string
}

// openCluster makes the cluster in dir on first use.
func openCluster(ctx context.Context, cfg Config) (*cluster, error) {
	account, err := Unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("resolve the data directory: %w", err)
	}
	if err := account.CheckAccess(dir); err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, account: account}
	if major, made := majorOf(dir); made {
		if c.binaries, err = FindMajor(major); err != nil {
			return nil, err
		}
		password, err := os.ReadFile(filepath.Join(dir, passwordFile))
		if err != nil {
			return nil, fmt.Errorf("read the cluster's password: %w", err)
		}
		c.password = string(password)
		return c, nil
	}
	if c.binaries, err = Find(); err != nil {
		return nil, err
	}
	return c, c.initialize(ctx, cfg.Profile)
}

// majorOf reads which version made the cluster in dir, if one was made.
func majorOf(dir string) (int, bool) {
	text, err := os.ReadFile(filepath.Join(dir, dataDir, "PG_VERSION"))
	if err != nil {
		return 0, false
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return major, err == nil
}

// initialize makes the cluster. A half-made one of an earlier attempt is
// replaced: initdb writes PG_VERSION early, so it works in a side directory that
// is renamed when it is whole.
func (c *cluster) initialize(ctx context.Context, profile Profile) error {
	if err := os.MkdirAll(filepath.Dir(c.dir), 0o755); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if err := os.Mkdir(c.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the data directory: %w", err)
	}
	if err := errors.Join(os.Chmod(c.dir, 0o700), c.account.chown(c.dir)); err != nil {
		return fmt.Errorf("give the data directory to %s: %w", c.account.Name, err)
	}
	c.password = rand.Text()
	secret := filepath.Join(c.dir, passwordFile)
	if err := os.WriteFile(secret, []byte(c.password), 0o600); err != nil {
		return fmt.Errorf("write the cluster's password: %w", err)
	}
	if err := c.account.chown(secret); err != nil {
		return fmt.Errorf("give the cluster's password to %s: %w", c.account.Name, err)
	}
	unfinished := filepath.Join(c.dir, dataDir+".new")
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("clear a half-made cluster: %w", err)
	}
	args := []string{
		"-D", unfinished, "-U", Superuser, "--pwfile", secret, "--encoding=UTF8", "--locale=C",
		"--auth-local=reject", "--auth-host=" + profile.auth(),
	}
	if profile == Fast {
		args = append(args, "--no-sync", "--wal-segsize=1")
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.binaries.Dir, "initdb"), args...)
	cmd.Dir, cmd.Env = c.dir, environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.account.credential()}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, lastLine(string(out)))
	}
	return os.Rename(unfinished, filepath.Join(c.dir, dataDir))
}

// environment is what the server sees: none of the caller's PG* variables,
// which would change what initdb and postgres do.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
