package processdriver

import (
	"os/exec"
	"runtime"
	"sync"
)

// starter starts processes from one thread that lives until it is closed: the
// kernel ends a child when the thread that started it ends.
type starter struct {
	begin sync.Once
	work  chan func()
	ended chan struct{}
}

func newStarter() *starter { return &starter{work: make(chan func()), ended: make(chan struct{})} }

func (s *starter) start(cmd *exec.Cmd) error {
	s.begin.Do(func() {
		go func() {
			runtime.LockOSThread() // for good: the thread ends with the goroutine
			defer close(s.ended)
			for f := range s.work {
				f()
			}
		}()
	})
	err := make(chan error)
	s.work <- func() { err <- cmd.Start() }
	return <-err
}

func (s *starter) close() {
	s.begin.Do(func() { close(s.ended) })
	close(s.work)
	<-s.ended
}
