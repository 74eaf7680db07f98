package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// binaries are the programs that the stack runs.
type binaries struct {
	root            string // of the repository
	backend, engine string
}

// builder makes the programs.
type builder func(ctx context.Context) (binaries, error)

// buildBinaries compiles both programs as make build does, so that the linker
// has nothing to do when make has been there before.
func buildBinaries(ctx context.Context) (binaries, error) {
	root, err := repository(ctx)
	if err != nil {
		return binaries{}, err
	}
	bin := filepath.Join(root, ".bin")
	b := binaries{root: root, backend: filepath.Join(bin, "backend"), engine: filepath.Join(bin, "engine")}
	for name, target := range map[string]string{"./cmd/backend": b.backend, "./cmd/engine": b.engine} {
		if err := compileProgram(ctx, root, name, target); err != nil {
			return b, err
		}
	}
	return b, nil
}

// compileProgram builds one static program; environ is added to the caller's.
func compileProgram(ctx context.Context, root, name, target string, environ ...string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", target, name)
	cmd.Dir, cmd.Env = root, append(append(os.Environ(), "CGO_ENABLED=0"), environ...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// repository finds the module's directory.
func repository(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return "", errors.New("the go command is missing: https://go.dev/dl")
	}
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Path}} {{.Dir}}").Output()
	path, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || path != "galaxy/backend" {
		return "", errors.New("run devstack inside the repository")
	}
	return dir, nil
}
