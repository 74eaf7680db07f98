package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"galaxy/backend/bench/internal/procstat"
	"galaxy/backend/platform/subprocess"
)

// process is a program under measurement.
type process struct {
	name  string
	pid   int
	child *subprocess.Process
	log   string
	begin time.Time
}

// startProcess starts a program as a subprocess. A shell writes its process id to a
// file and then executes the program, which therefore has that id.
func (s *testbed) startProcess(name string, env []string, program string, args ...string) (*process, error) {
	p := &process{name: name, log: filepath.Join(s.dir, name+".log")}
	logs, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = logs.Close() }()
	note := filepath.Join(s.dir, name+".pid")
	_ = os.Remove(note) // of an earlier start
	line := append([]string{"-c", `echo $$ >"$0.new"; mv "$0.new" "$0"; exec "$@"`, note, program}, args...)
	p.begin = time.Now()
	if p.child, err = subprocess.Start(subprocess.Options{Signal: syscall.SIGTERM, Dir: s.dir, Env: env, Stdout: logs, Stderr: logs}, "/bin/sh", line...); err != nil {
		return nil, err
	}
	err = poll(10*time.Second, time.Millisecond, func() bool {
		text, err := os.ReadFile(note)
		if err != nil {
			return false
		}
		p.pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s did not start: %w", name, errors.Join(err, p.stop()))
	}
	return p, nil
}

// ready waits for 200 at /readyz and returns how long that took since the start.
func (p *process) ready(addr string) (time.Duration, error) {
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	err := poll(time.Minute, 2*time.Millisecond, func() bool {
		select {
		case <-p.child.Done():
			return true
		default:
		}
		res, err := client.Get("http://" + addr + "/readyz")
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	took := time.Since(p.begin)
	select {
	case <-p.child.Done():
		return 0, fmt.Errorf("%s ended at once: %s", p.name, p.logTail())
	default:
	}
	if err != nil {
		return 0, fmt.Errorf("%s was not ready: %s", p.name, p.logTail())
	}
	return took, nil
}

func (p *process) logTail() string {
	text, _ := os.ReadFile(p.log) // a missing log is empty
	return string(text[max(0, len(text)-600):])
}

// stopLimit is more than the sum of the product's own budgets.
const stopLimit = 90 * time.Second

func (p *process) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	return p.child.Stop(ctx)
}

// terminate sends SIGTERM to the program and returns how long it took to end.
func (p *process) terminate() (time.Duration, error) {
	begin := time.Now()
	if err := syscall.Kill(p.pid, syscall.SIGTERM); err != nil {
		return 0, err
	}
	select {
	case <-p.child.Done():
		return time.Since(begin), p.child.Err()
	case <-time.After(stopLimit):
		return 0, errors.Join(fmt.Errorf("%s did not end", p.name), p.stop())
	}
}

// cpuUsed is the CPU time of the program so far.
func (p *process) cpuUsed() (time.Duration, error) { return procstat.TreeCPU(p.pid) }

// poll calls done periodically until it returns true or the limit is over.
func poll(limit, every time.Duration, done func() bool) error {
	end, poll := time.NewTimer(limit), time.NewTicker(every)
	defer end.Stop()
	defer poll.Stop()
	for !done() {
		select {
		case <-end.C:
			return fmt.Errorf("not within %s", limit)
		case <-poll.C:
		}
	}
	return nil
}

// freeAddr is an unused address on the loopback.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}
