package procstat

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStatIsReadPastAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "a b", "a) R 9 (b", ""} {
		text := "42 (" + name + ") S 7 42 42 0 -1 4194560 900 0 0 0 120 30 5 2 20 0 1 0 100 1000 200"
		got, err := parseStat(text)
		require.NoError(t, err, name)
		require.Equal(t, Process{PID: 42, Parent: 7, CPU: 1500 * time.Millisecond, ChildrenCPU: 70 * time.Millisecond}, got, name)
	}
}

func TestBrokenStatIsAnError(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "42", "42 (sh", "42 (sh) S 7 42", "42 (sh) S x 42 42 0 -1 0 0 0 0 0 1 1 1 1 20"} {
		_, err := parseStat(text)
		require.Error(t, err, "%q", text)
	}
}

// fakeProc writes a directory like /proc.
func fakeProc(t *testing.T, processes map[int]string) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "uptime"), nil, 0o600))
	for pid, rest := range processes {
		dir := filepath.Join(root, strconv.Itoa(pid))
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "stat"), []byte(strconv.Itoa(pid)+" (p) S "+rest), 0o600))
	}
	return root
}

func TestTreeCPUIncludesEndedChildren(t *testing.T) {
	t.Parallel()
	const head = " 0 0 0 -1 0 0 0 0 0 "
	root := fakeProc(t, map[int]string{
		1:  "0" + head + "900 0 0 0 20",   // everybody's parent is not ours
		10: "1" + head + "10 5 100 50 20", // the postmaster, and backends that have ended
		11: "10" + head + "20 0 0 0 20",   // a backend
		12: "11" + head + "1 1 0 1 20",    // below a backend
		20: "1" + head + "700 0 0 0 20",   // somebody else
	})
	require.NoError(t, os.Mkdir(filepath.Join(root, "99"), 0o700)) // ended while it was read
	used, err := treeCPU(root, 10)
	require.NoError(t, err)
	require.Equal(t, ticks(165+20+3), used)
	_, err = treeCPU(root, 99)
	require.Error(t, err)
}

func TestCPUOfAnEndedChildIsKept(t *testing.T) {
	t.Parallel()
	shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", `/bin/sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'; echo; read -r _`)
	in, err := shell.StdinPipe()
	require.NoError(t, err)
	out, err := shell.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, shell.Start())
	_, err = out.Read(make([]byte, 1)) // the child has ended
	require.NoError(t, err)
	p, err := Read(shell.Process.Pid)
	require.NoError(t, err)
	require.Positive(t, p.ChildrenCPU)
	all, err := TreeCPU(shell.Process.Pid)
	require.NoError(t, err)
	require.Equal(t, p.CPU+p.ChildrenCPU, all)
	require.NoError(t, in.Close())
	_ = shell.Wait() // read ends with 1
}

func TestMachineIsBusyUnlessItIdlesOrWaits(t *testing.T) {
	t.Parallel()
	got, err := parseMachine("cpu  100 10 50 800 40 1 2 3 7 0\ncpu0 1 2 3\n")
	require.NoError(t, err)
	require.Equal(t, Machine{Busy: ticks(166), Total: ticks(1006)}, got)
	_, err = parseMachine("intr 1 2 3")
	require.Error(t, err)
}

func TestOtherShareExcludesMeasuredProcesses(t *testing.T) {
	t.Parallel()
	before, after := Machine{Busy: ticks(100), Total: ticks(1000)}, Machine{Busy: ticks(350), Total: ticks(1400)}
	require.InDelta(t, 0.25, OtherShare(before, after, ticks(150)), 1e-9)
	require.Zero(t, OtherShare(before, after, ticks(300)), "rounding never makes it negative")
	require.Zero(t, OtherShare(before, before, 0))
}

func TestMemoryIsInBytes(t *testing.T) {
	t.Parallel()
	got, err := parseMemory("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\nThreads:\t1\n")
	require.NoError(t, err)
	require.Equal(t, Memory{Resident: 1 << 20, Peak: 2 << 20}, got)
	_, err = parseMemory("Name:\tzombie\n")
	require.Error(t, err)
	own, err := MemoryOf(os.Getpid())
	require.NoError(t, err)
	require.Positive(t, own.Resident)
}
