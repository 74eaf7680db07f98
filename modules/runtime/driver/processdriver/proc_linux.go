package processdriver

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"galaxy/backend/modules/runtime/driver"
)

// The kernel reports CPU time in hundredths of a second on every architecture
// that Go runs on.
const clockTick = 10 * time.Millisecond

var bootID = sync.OnceValue(func() string {
	id, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // without it, start times alone tell
	return strings.TrimSpace(string(id))
})

// processIdentity names a living process for good: this boot, and when in it the
// process began. A zombie is not alive.
func processIdentity(pid int) (string, bool) {
	fields, ok := stat(pid)
	if !ok || fields[0] == "Z" || fields[0] == "X" {
		return "", false
	}
	return bootID() + ":" + fields[19], true
}

// stat returns the fields of /proc/{pid}/stat from the state on. The name
// before it may hold spaces and parentheses.
func stat(pid int) ([]string, bool) {
	body, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil || pid <= 0 {
		return nil, false
	}
	end := strings.LastIndexByte(string(body), ')')
	fields := strings.Fields(string(body[end+1:]))
	return fields, len(fields) > 21
}

// processStats reads the use of resources.
func processStats(pid int) (driver.Stats, bool) {
	fields, ok := stat(pid)
	if !ok {
		return driver.Stats{}, false
	}
	number := func(i int) int64 { n, _ := strconv.ParseInt(fields[i], 10, 64); return n }
	return driver.Stats{
		CPU:    time.Duration(number(11)+number(12)) * clockTick,
		Memory: number(21) * int64(os.Getpagesize()),
		Pids:   number(17),
	}, true
}

// sysProcAttr puts the child into a process group of its own, so that Ctrl-C in a
// terminal reaches only the backend, and has the kernel end it with the thread
// that started it, which lives as long as the driver.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
