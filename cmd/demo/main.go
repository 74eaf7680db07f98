// Command demo plays one game on a real stack: two users sign up, one creates a
// game and invites the other, bots play it to its end in a real engine, push
// events and mails arrive. It uses the stack that `make run` started, or starts
// one itself and stops it afterwards. The exit code is 0 if every step succeeded.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"galaxy/backend/cmd/demo/play"
)

func main() { os.Exit(run()) }

func run() int {
	dir := flag.String("dir", ".devstack", "directory of the running stack")
	turns := flag.Int("turns", 150, "fail after this number of turns")
	limit := flag.Duration("timeout", 10*time.Minute, "fail after this time")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()

	printer := &play.Printer{Out: os.Stdout, Colour: useColour()}
	stack, err := findOrStart(ctx, *dir, printer)
	if err != nil {
		return fail(err)
	}
	playthrough, err := play.Game(ctx, stack.endpoints, &http.Client{Timeout: 90 * time.Second}, play.Options{MaxTurns: *turns, Interval: 3600}, printer)
	if err == nil {
		err = playthrough.Summary(ctx)
	}
	playthrough.Close()
	if stopErr := stack.stop(); err == nil {
		err = stopErr
	}
	if err != nil {
		return fail(err)
	}
	_, _ = fmt.Fprintln(os.Stdout, "\nEvery step succeeded.")
	return 0
}

// useColour respects NO_COLOR, and is false when the output is not a terminal.
func useColour() bool {
	if os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := os.Stdout.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func fail(err error) int {
	_, _ = fmt.Fprintln(os.Stderr, "demo:", err)
	return 1
}
