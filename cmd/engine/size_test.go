package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// The engine as it is shipped: one static binary of at most 10 MB that uses at
// most 20 MB for an idle game of ten races.
func TestTheShippedEngineIsSmall(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "engine")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	info, err := os.Stat(binary)
	require.NoError(t, err)

	c := startProgram(t, exec.Command(binary, "serve"), conformance.StateDir(t))
	request := enginev1.InitRequest{ContractVersion: 1, GameID: "0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"}
	for i := range 10 {
		request.Races = append(request.Races, enginev1.InitRace{UserID: "u", RaceName: fmt.Sprint("Race", i)})
	}
	client := conformance.NewClient(t, c.base)
	conformance.Into[enginev1.Status](client.Post(enginev1.PathInit, request), 201)
	conformance.Into[enginev1.TurnResponse](client.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: 1}), 200)
	resident := residentBytes(t, c.cmd.Process.Pid)
	require.Equal(t, 0, c.stop(t, syscall.SIGTERM))
	t.Logf("binary %.1f MB, resident %.1f MB", float64(info.Size())/1e6, float64(resident)/1e6)
	require.LessOrEqual(t, info.Size(), int64(10e6))
	require.LessOrEqual(t, resident, int64(20e6))
}

func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	found := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(raw)
	require.NotNil(t, found, "%s", raw)
	kB, err := strconv.ParseInt(string(found[1]), 10, 64)
	require.NoError(t, err)
	return kB * 1024
}
