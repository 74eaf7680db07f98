package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"galaxy/backend/cmd/demo/play"
)

// stack is a running platform. stop stops one that the demo has started.
type stack struct {
	endpoints play.Endpoints
	stop      func() error
}

// findOrStart uses the stack that runs in dir, else starts one.
func findOrStart(ctx context.Context, dir string, printer *play.Printer) (stack, error) {
	if s, ok := find(ctx, dir); ok {
		printer.Section("Using the stack that runs in " + dir)
		return s, nil
	}
	printer.Section("No stack runs in " + dir + ": starting one for this demo")
	return start(ctx)
}

func find(ctx context.Context, dir string) (stack, bool) {
	text, err := os.ReadFile(filepath.Join(dir, "stack.json"))
	if err != nil {
		return stack{}, false
	}
	s := stack{stop: func() error { return nil }}
	if json.Unmarshal(text, &s.endpoints) != nil {
		return stack{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.endpoints.REST+"/readyz", nil)
	if err != nil {
		return stack{}, false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return stack{}, false // it was killed and left its file behind
	}
	_ = resp.Body.Close()
	return s, resp.StatusCode == http.StatusOK
}

// start runs a devstack on free ports and in a temporary directory. It ends when
// its standard input is closed.
func start(ctx context.Context) (stack, error) {
	cmd := exec.Command("go", "run", "./cmd/devstack", "-ephemeral", "-json")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return stack{}, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return stack{}, err
	}
	if err := cmd.Start(); err != nil {
		return stack{}, fmt.Errorf("start a stack: %w", err)
	}
	s := stack{stop: func() error {
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the stack did not stop cleanly: %w", err)
		}
		return nil
	}}
	first := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(stdout).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, &s.endpoints)
		}
		first <- err
	}()
	select {
	case err = <-first:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return stack{}, fmt.Errorf("the stack did not come up: %w", joinStop(err, s.stop))
	}
	return s, nil
}

func joinStop(err error, stop func() error) error {
	if stopped := stop(); stopped != nil {
		return fmt.Errorf("%w (%w)", err, stopped)
	}
	return err
}
