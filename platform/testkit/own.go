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

// OwnPostgres is a server of a test's own, for faults that would hit the
// neighbours on the shared one: stop it, kill it, signal it.
type OwnPostgres struct {
	PG
	Server *localpg.Server // the one that runs now

	t   testing.TB
	cfg localpg.Config
}

// OwnServer starts a server with one migrated database. It needs local
// binaries: what happens inside a container cannot be stopped from here.
func OwnServer(t testing.TB) *OwnPostgres {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	dir, err := scratch()
	if err != nil {
		t.Fatalf("testkit: a server of its own: %v", err)
	}
	o := &OwnPostgres{t: t, cfg: localpg.Config{Dir: dir, Profile: localpg.Fast}}
	t.Cleanup(func() {
		if err := errors.Join(o.stop(), os.RemoveAll(dir)); err != nil {
			t.Errorf("testkit: end a server of its own: %v", err)
		}
	})
	if err := prepared(ctx, dir); err != nil {
		t.Fatalf("testkit: a server of its own: %v", err)
	}
	o.Start()
	name, err := templateOn(ctx, o.Server)
	if err != nil {
		t.Fatalf("testkit: a server of its own: %v", err)
	}
	o.PG = PG{DSN: withSearchPath(o.Server.DSN(name)), Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(o.cfg.Port)), Name: name}
	return o
}

// Start starts the server again, on its old port and with its old data, after
// it was stopped or killed.
func (o *OwnPostgres) Start() {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if o.Server != nil {
		<-o.Server.Done()
	}
	srv, err := localpg.Start(ctx, o.cfg)
	if err != nil {
		o.t.Fatalf("testkit: start a server of its own: %v", err)
	}
	o.Server, o.cfg.Port = srv, srv.Port()
}

// Stop ends the server in order; its clients are cut.
func (o *OwnPostgres) Stop() {
	o.t.Helper()
	if err := o.stop(); err != nil {
		o.t.Fatalf("testkit: stop a server of its own: %v", err)
	}
}

func (o *OwnPostgres) stop() error {
	if o.Server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return o.Server.Stop(ctx)
}

// Freeze stops every process of the server where it is: connections stay open
// and nothing answers. Thaw lets them go on, at the end of the test at the
// latest.
func (o *OwnPostgres) Freeze() {
	o.t.Helper()
	o.t.Cleanup(o.Thaw)
	o.signalAll(syscall.SIGSTOP)
}

// Thaw undoes Freeze.
func (o *OwnPostgres) Thaw() { o.t.Helper(); o.signalAll(syscall.SIGCONT) }

// signalAll reaches the main process and its children, which are groups of their
// own.
func (o *OwnPostgres) signalAll(sig syscall.Signal) {
	o.t.Helper()
	if err := o.Server.Signal(sig); err != nil {
		return // it has ended
	}
	main, err := o.Server.PID()
	if err != nil {
		o.t.Fatalf("testkit: signal a server of its own: %v", err)
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		o.t.Fatalf("testkit: find the server's processes: %v", err)
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
