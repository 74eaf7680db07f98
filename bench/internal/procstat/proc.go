package procstat

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of /proc: USER_HZ is 100 on every architecture of Linux.
const tick = 10 * time.Millisecond

// Process is one reading of one process.
type Process struct {
	PID, Parent int
	CPU         time.Duration // user and system
	ChildrenCPU time.Duration // of children that were waited for
}

// parseStat reads /proc/<pid>/stat. The second field is the program's name in
// parentheses and may itself hold spaces and parentheses.
func parseStat(text string) (Process, error) {
	pid, rest, _ := strings.Cut(text, " (")
	end := strings.LastIndexByte(rest, ')')
	if end < 0 {
		return Process{}, fmt.Errorf("no process: %.80q", text)
	}
	fields := strings.Fields(rest[end+1:]) // from the third of the manual on
	if len(fields) < 15 {
		return Process{}, fmt.Errorf("too few fields: %.80q", text)
	}
	var numbers [6]int
	for i, field := range []string{pid, fields[1], fields[11], fields[12], fields[13], fields[14]} {
		n, err := strconv.Atoi(field)
		if err != nil {
			return Process{}, fmt.Errorf("no number: %w", err)
		}
		numbers[i] = n
	}
	return Process{PID: numbers[0], Parent: numbers[1], CPU: ticks(numbers[2] + numbers[3]), ChildrenCPU: ticks(numbers[4] + numbers[5])}, nil
}

func ticks(n int) time.Duration { return time.Duration(n) * tick }

// Read returns the usage of one process.
func Read(pid int) (Process, error) { return read("/proc", strconv.Itoa(pid)) }

func read(root, pid string) (Process, error) {
	text, err := os.ReadFile(filepath.Join(root, pid, "stat"))
	if err != nil {
		return Process{}, err
	}
	return parseStat(string(text))
}

// TreeCPU returns the CPU time of a process and its descendants so far.
func TreeCPU(pid int) (time.Duration, error) { return treeCPU("/proc", pid) }

func treeCPU(root string, pid int) (time.Duration, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return 0, err
	}
	children, all := map[int][]int{}, map[int]Process{}
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		p, err := read(root, e.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
			continue // it ended meanwhile
		case err != nil:
			return 0, err
		}
		all[p.PID] = p
		children[p.Parent] = append(children[p.Parent], p.PID)
	}
	if _, there := all[pid]; !there {
		return 0, fmt.Errorf("process %d does not exist", pid)
	}
	var used time.Duration
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		p := all[queue[0]]
		used += p.CPU + p.ChildrenCPU
		queue = append(queue, children[p.PID]...)
	}
	return used, nil
}

// Machine is one reading of the whole machine.
type Machine struct {
	Busy  time.Duration // of all cores, including time stolen by the hypervisor
	Total time.Duration
}

// ReadMachine returns the usage of the machine.
func ReadMachine() (Machine, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, err
	}
	return parseMachine(string(text))
}

// parseMachine reads the first line of /proc/stat: user, nice, system, idle,
// iowait, irq, softirq, steal; guest time is in user already.
func parseMachine(text string) (Machine, error) {
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 || fields[0] != "cpu" {
		return Machine{}, fmt.Errorf("no CPU line: %.80q", line)
	}
	var m Machine
	for i, field := range fields[1:9] {
		n, err := strconv.Atoi(field)
		if err != nil {
			return Machine{}, fmt.Errorf("no number: %w", err)
		}
		m.Total += ticks(n)
		if i != 3 && i != 4 { // idle, iowait
			m.Busy += ticks(n)
		}
	}
	return m, nil
}

// OtherShare returns the share of the machine that was used between two readings
// by processes other than the measured ones.
func OtherShare(before, after Machine, measured time.Duration) float64 {
	total := after.Total - before.Total
	if total <= 0 {
		return 0
	}
	return max(0, float64(after.Busy-before.Busy-measured)/float64(total))
}

// Memory is the memory of a process, in bytes.
type Memory struct {
	Resident, Peak int64
}

// MemoryOf returns the memory of a process.
func MemoryOf(pid int) (Memory, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return Memory{}, err
	}
	return parseMemory(string(text))
}

func parseMemory(text string) (Memory, error) {
	var m Memory
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		var field *int64
		switch name {
		case "VmRSS":
			field = &m.Resident
		case "VmHWM":
			field = &m.Peak
		default:
			continue
		}
		kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return Memory{}, fmt.Errorf("no number: %w", err)
		}
		*field = kb << 10
	}
	if m.Resident == 0 {
		return m, errors.New("the process has no memory")
	}
	return m, nil
}
