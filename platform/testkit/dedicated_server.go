package testkit

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"galaxy/backend/platform/localpg"
)

// DedicatedPostgres is a server for one test, for faults that would hit other
// tests on the shared one: stop it, kill it, signal it.
type DedicatedPostgres struct {
	PG
	Server *localpg.Server // the one that runs now

	t   testing.TB
	cfg localpg.Config
}

// DedicatedServer starts a server with one migrated database. It needs local
// binaries: what happens inside a container cannot be stopped from here.
func DedicatedServer(t testing.TB) *DedicatedPostgres {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	dir, err := makeServerDir()
	if err != nil {
		t.Fatalf("testkit: a dedicated server: %v", err)
	}
	d := &DedicatedPostgres{t: t, cfg: localpg.Config{Dir: dir, Profile: localpg.Fast}}
	t.Cleanup(func() {
		if err := errors.Join(d.stop(), os.RemoveAll(dir)); err != nil {
			t.Errorf("testkit: end a dedicated server: %v", err)
		}
	})
	if err := copyPrepared(ctx, dir); err != nil {
		t.Fatalf("testkit: a dedicated server: %v", err)
	}
	d.Start()
	name, err := templateOn(ctx, d.Server)
	if err != nil {
		t.Fatalf("testkit: a dedicated server: %v", err)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(d.cfg.Port))
	d.PG = PG{DSN: withSearchPath(d.Server.DSN(name)), Addr: addr, Name: name}
	return d
}

// Start starts the server again, on its old port and with its old data, after
// it was stopped or killed.
func (d *DedicatedPostgres) Start() {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	if d.Server != nil {
		<-d.Server.Done()
	}
	srv, err := localpg.Start(ctx, d.cfg)
	if err != nil {
		d.t.Fatalf("testkit: start a dedicated server: %v", err)
	}
	d.Server, d.cfg.Port = srv, srv.Port()
}

// Stop ends the server in order; its clients are cut.
func (d *DedicatedPostgres) Stop() {
	d.t.Helper()
	if err := d.stop(); err != nil {
		d.t.Fatalf("testkit: stop a dedicated server: %v", err)
	}
}

func (d *DedicatedPostgres) stop() error {
	if d.Server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	return d.Server.Stop(ctx)
}

// Suspend stops every process of the server where it is: connections stay open
// and nothing answers. Resume lets them go on, at the end of the test at the
// latest.
func (d *DedicatedPostgres) Suspend() {
	d.t.Helper()
	d.t.Cleanup(d.Resume)
	d.signalAll(syscall.SIGSTOP)
}

// Resume undoes Suspend.
func (d *DedicatedPostgres) Resume() { d.t.Helper(); d.signalAll(syscall.SIGCONT) }

// signalAll reaches the main process and its children, which are groups of their
// own.
func (d *DedicatedPostgres) signalAll(sig syscall.Signal) {
	d.t.Helper()
	if err := d.Server.Signal(sig); err != nil {
		return // it has ended
	}
	main, err := d.Server.PID()
	if err != nil {
		d.t.Fatalf("testkit: signal a dedicated server: %v", err)
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		d.t.Fatalf("testkit: find the server's processes: %v", err)
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state ppid …, and the name may hold anything.
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(main) {
			_ = syscall.Kill(pid, sig)
		}
	}
}
