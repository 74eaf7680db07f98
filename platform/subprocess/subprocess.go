// Package subprocess runs a program that never outlives the one that started it.
//
// A small shell stands between the two and waits on a pipe, whose other end
// the starting process holds. When that end closes, because Stop was called or
// because the process has died in whatever way, the shell sends the program
// its stop signal, waits for it, and removes what was to be removed.
//
// The death signal of Linux was decided against: it follows the thread that
// started the child, not the process, and no other system has it.
package subprocess

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
)

// Options say how the program runs.
type Options struct {
	Signal         syscall.Signal // ends the program in its own time
	Remove         string         // a directory to remove when it has ended; empty for none
	Dir            string
	Env            []string
	Stdout, Stderr io.Writer
	Credential     *syscall.Credential // nil keeps this process' own
}

// Process is a running program.
type Process struct {
	cmd       *exec.Cmd
	pipe      io.Closer
	closePipe sync.Once
	done      chan struct{}
	err       error // valid once done is closed
}

// script gets the signal, what to remove, and the command line. The program
// is put in the background, so that the shell can wait for it and for the pipe.
// A program in the background ignores SIGINT and SIGQUIT until it has set
// handlers of its own, so these two are sent until it has ended. No other is: to
// many programs a second signal says that the first one was not fast enough.
// The shell ignores the two itself, before it forks: a child that a shell puts
// in the background starts to ignore them only a moment after it was forked.
const script = `
signal=$1 remove=$2; shift 2
trap '' INT QUIT
exec 3<&0 </dev/null
"$@" 3<&- & program=$!
( read -r _ <&3; kill -"$signal" $program
  case $signal in 2 | 3) while sleep 0.1; do kill -"$signal" $program || exit; done ;; esac
) 2>/dev/null & watch=$!
wait $program; code=$?
kill $watch 2>/dev/null
[ -z "$remove" ] || rm -rf "$remove"
exit $code`

// Start runs the program in a process group of its own: Ctrl-C in a terminal
// reaches only this process.
func Start(o Options, program string, args ...string) (*Process, error) {
	line := append([]string{"-c", script, "subprocess", strconv.Itoa(int(o.Signal)), o.Remove, program}, args...)
	cmd := exec.Command("/bin/sh", line...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = o.Dir, o.Env, o.Stdout, o.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: o.Credential}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p := &Process{cmd: cmd, pipe: pipe, done: make(chan struct{})}
	go p.wait() // ends with the program; Stop waits for it
	return p, nil
}

func (p *Process) wait() {
	p.err = p.cmd.Wait()
	close(p.done)
}

// Terminate has the stop signal sent, once, and does not wait.
func (p *Process) Terminate() { p.closePipe.Do(func() { _ = p.pipe.Close() }) }

// Stop terminates the program and waits for its end. When ctx ends first, the
// whole group is killed, and the error says so. It may be called more than once.
func (p *Process) Stop(ctx context.Context) error {
	p.Terminate()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended just now
	<-p.done
	return fmt.Errorf("the program was killed: %w", ctx.Err())
}

// Done is closed once the program has ended, wanted or not.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err is how the program ended: nil for exit code 0. It waits for the end.
func (p *Process) Err() error {
	<-p.done
	return p.err
}
