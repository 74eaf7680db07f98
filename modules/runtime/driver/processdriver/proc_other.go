//go:build !linux

package processdriver

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"galaxy/backend/modules/runtime/driver"
)

// processIdentity names a living process by when it began. A zombie is not alive.
func processIdentity(pid int) (string, bool) {
	out, err := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)).Output()
	state, began, ok := strings.Cut(strings.TrimSpace(string(out)), " ")
	if err != nil || !ok || strings.HasPrefix(state, "Z") {
		return "", false
	}
	return strings.TrimSpace(began), true
}

// processStats: there is no portable way.
func processStats(int) (driver.Stats, bool) { return driver.Stats{}, false }

// sysProcAttr puts the child into a process group of its own, so that Ctrl-C in a
// terminal reaches only the backend.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
