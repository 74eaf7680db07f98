// Command devstack runs the product on this machine in one command: Postgres
// on a private data directory, an SMTP inbox with a web page, a synthetic
// country database, the engine's image and network where Docker answers, and
// the backend itself, a process of its own with the environment that it would
// have in production.
//
// What always holds:
//
//   - Everything listens on 127.0.0.1 only.
//   - State lies below one directory and survives a restart; -ephemeral takes
//     a temporary one and removes it.
//   - Ctrl-C stops in order: backend, engines, inbox, Postgres, each in its
//     own time. A second Ctrl-C does not wait.
//   - No child outlives devstack, however it ends (package subprocess).
//   - What cannot work is said in one line before anything is started.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv, buildBinaries, os.Stdin, os.Stdout, os.Stderr))
}

// run is the program; its result is the exit code.
func run(args []string, getenv func(string) string, build builder, stdin *os.File, stdout, stderr io.Writer) int {
	cfg, err := parse(args, getenv, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return fail(stderr, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if cfg.Ephemeral {
		ctx = untilClosed(ctx, stdin)
	}
	progress := stdout
	if cfg.JSON {
		progress = stderr
	}
	s := newStack(cfg, build, progress)
	err = s.up(ctx)
	if err == nil {
		err = s.serve(ctx, stdout)
	}
	if ctx.Err() != nil {
		err = nil // a step that Ctrl-C broke off has nothing to say
	}
	stop() // from here on Ctrl-C ends the program at once
	if err := errors.Join(err, s.down()); err != nil {
		return fail(stderr, err)
	}
	return 0
}

func fail(w io.Writer, err error) int {
	fmt.Fprintln(w, "devstack:", err)
	return 1
}

// untilClosed ends the context when standard input, if it is a pipe, closes:
// whoever brought an ephemeral stack up for itself takes it down by ending.
func untilClosed(ctx context.Context, stdin *os.File) context.Context {
	info, err := stdin.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() { // ends with the pipe, or with the program
		_, _ = io.Copy(io.Discard, stdin)
		cancel()
	}()
	return ctx
}
