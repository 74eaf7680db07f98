package processdriver

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
)

// logTruncateSize is from which size on a log is begun afresh at the next start.
const logTruncateSize = 8 << 20

// child is an engine that this driver has started.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once the exit is recorded
}

// command prepares the engine of a Spec on a port. The caller closes the log.
func (d *Driver) command(spec driver.Spec, port int) (*exec.Cmd, *os.File, error) {
	if err := os.MkdirAll(d.records.dir, 0o700); err != nil {
		return nil, nil, err
	}
	log, err := os.OpenFile(d.records.path(spec.GameID, ".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY|syscall.O_NOFOLLOW,
		0o600)
	if err != nil {
		return nil, nil, err
	}
	if info, err := log.Stat(); err == nil && info.Size() > logTruncateSize {
		_ = log.Truncate(0) // a log too long is no reason not to start
	}
	cmd := exec.Command(d.binary, "serve")
	cmd.Dir = spec.StateDir
	cmd.Env = append(spec.Environment(net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), spec.StateDir),
		fmt.Sprintf("GOMAXPROCS=%d", int(max(1, math.Ceil(spec.CPU)))))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = sysProcAttr()
	return cmd, log, nil
}

// launch starts the engine and records it.
func (d *Driver) launch(spec driver.Spec, instance uuid.UUID) (record, error) {
	port, err := freePort()
	if err != nil {
		return record{}, err
	}
	cmd, log, err := d.command(spec, port)
	if err != nil {
		return record{}, err
	}
	defer log.Close()
	switch err := d.starter.start(cmd); {
	case errors.Is(err, fs.ErrNotExist):
		return record{}, fmt.Errorf("%w: %w", driver.ErrImageUnavailable, err)
	case err != nil:
		return record{}, fmt.Errorf("%w: %w", driver.ErrConfigInvalid, err)
	}
	r := record{
		Game: spec.GameID, Instance: instance, Spec: spec.Hash(), Version: spec.Version, Image: spec.Image,
		Generation: spec.Generation,
		PID:        cmd.Process.Pid, Port: port, StartedAt: d.clk.Now(),
	}
	r.Identity, _ = processIdentity(r.PID) // one that has ended already is seen by reap
	if err := d.records.write(r); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return record{}, err
	}
	c := &child{cmd: cmd, done: make(chan struct{})}
	d.mu.Lock()
	d.children[spec.GameID] = c
	d.mu.Unlock()
	d.reapers.Go(func() { d.reap(r, c) })
	return r, nil
}

// reap waits for a child and records how it ended.
func (d *Driver) reap(r record, c *child) {
	defer close(c.done)
	_ = c.cmd.Wait() // the state says it all
	code := c.cmd.ProcessState.ExitCode()
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.children[r.Game] != c { // removed
		return
	}
	delete(d.children, r.Game)
	r.Exit = &exitRecord{Code: code, At: d.clk.Now(), WithBackend: d.closing}
	if err := d.records.write(r); err != nil {
		d.log.Error("engine exit not recorded", zap.Stringer("game_id", r.Game), zap.Error(err))
	}
	d.notify(driver.Hint{GameID: r.Game, Action: "die"})
}

// freePort is one that nobody listened on a moment ago. Should somebody take it
// before the engine does, the engine ends, and is started again elsewhere.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
