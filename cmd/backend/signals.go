package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// asked is what SIGINT and SIGTERM have asked for so far: the first one to stop
// in order, which ends the context, the second one to end at once. Both are heard
// by one listener from the beginning, so that none falls between two.
type asked struct {
	context.Context
	hard chan struct{} // closed by the second signal
}

// listen hears signals until release is called.
func listen() (a asked, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	a = asked{ctx, make(chan struct{})}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	var listener sync.WaitGroup
	over := make(chan struct{})
	listener.Go(func() {
		for _, act := range []func(){cancel, func() { close(a.hard) }} {
			select {
			case <-signals:
				act()
			case <-over:
				return
			}
		}
	})
	return a, func() {
		signal.Stop(signals)
		close(over)
		listener.Wait()
		cancel()
	}
}
