//go:build !linux

package processdriver

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"galaxy/backend/modules/runtime/driver"
)

// identify names a living process by when it began. A zombie is not alive.
func identify(pid int) (string, bool) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	state, began, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || !ok || strings.HasPrefix(state, "Z") {
		return "", false
	}
	return strings.TrimSpace(began), true
}

// sample: there is no portable way.
func sample(int) (driver.Stats, bool) { return driver.Stats{}, false }

// attributes put the child into a process group of its own, so that Ctrl-C in a
// terminal reaches only the backend.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
