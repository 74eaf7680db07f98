package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"galaxy/backend/cmd/engine/conformance"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// TestMain runs the engine instead of the tests when the environment asks for it,
// so that tests can start an engine process from the test binary.
func TestMain(m *testing.M) {
	if os.Getenv("GALAXY_TEST_ENGINE_CHILD") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// engineProcess is a running engine in a child process.
type engineProcess struct {
	cmd  *exec.Cmd
	base string
	log  sync.WaitGroup
}

func startEngine(t *testing.T, dir string) *engineProcess {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return startProgram(t, exec.Command(self, "serve"), dir)
}

// startProgram starts an engine from the given command.
func startProgram(t *testing.T, program *exec.Cmd, dir string) *engineProcess {
	t.Helper()
	c := &engineProcess{cmd: program}
	c.cmd.Env = []string{"GALAXY_TEST_ENGINE_CHILD=1", "ENGINE_LISTEN_ADDR=127.0.0.1:0", "ENGINE_STATE_DIR=" + dir}
	stderr, err := c.cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	lines := bufio.NewScanner(stderr)
	for c.base == "" && lines.Scan() {
		var entry struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Msg == "engine started" {
			c.base = "http://" + entry.Addr
		}
	}
	require.NotEmpty(t, c.base, "the engine did not start")
	c.log.Go(func() {
		for lines.Scan() {
		}
	})
	return c
}

// stop sends a signal and returns the exit code.
func (c *engineProcess) stop(t *testing.T, signal syscall.Signal) int {
	t.Helper()
	require.NoError(t, c.cmd.Process.Signal(signal))
	c.log.Wait()
	_ = c.cmd.Wait() // the exit code is read from ProcessState
	return c.cmd.ProcessState.ExitCode()
}

func (c *engineProcess) status(t *testing.T) enginev1.Status {
	t.Helper()
	return conformance.Into[enginev1.Status](conformance.NewClient(t, c.base).Get(enginev1.PathStatus), 200)
}

const initBody = `{"contract_version":1,"game_id":"0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d","seed":"5",
 "races":[{"user_id":"a","race_name":"A"},{"user_id":"b","race_name":"B"}],"options":{"idle_turn_limit":0}}`

// A killed engine is at the last turn it confirmed, or at the one it was making.
func TestKilledEngineIsAtTheConfirmedTurnOrTheNext(t *testing.T) {
	t.Parallel()
	dir := conformance.StateDir(t)
	random := rand.New(rand.NewPCG(1, 2))
	hashes := map[int]string{}
	confirmed, commands := 0, 0
	for round := range 20 {
		c := startEngine(t, dir)
		if round == 0 {
			conformance.Into[enginev1.Status](conformance.NewClient(t, c.base).Post(enginev1.PathInit, initBody), 201)
		}
		status := c.status(t)
		require.Contains(t, []int{confirmed, confirmed + 1}, status.At())
		if known, has := hashes[status.At()]; has {
			require.Equal(t, known, status.StateHash)
		}
		confirmed = status.At()
		hashes[confirmed] = status.StateHash
		var calls sync.WaitGroup
		calls.Go(func() { confirmed, commands = playUntilKilled(c.base, confirmed, commands, hashes) })
		<-time.After(time.Duration(random.IntN(40_000)) * time.Microsecond)
		require.Equal(t, -1, c.stop(t, syscall.SIGKILL))
		calls.Wait()
	}
	require.Positive(t, confirmed)
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"replay", "--state-dir", dir, "--verify"}, noEnv, &out, &out))
	require.Equal(t, strings.Count(out.String(), "\n"), strings.Count(out.String(), " ok\n"))
}

// playUntilKilled generates turns until the engine stops answering, and returns
// the last confirmed turn.
func playUntilKilled(base string, turn, commands int, hashes map[int]string) (confirmed, sent int) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	put := func(path, body string, into any) bool {
		request, err := http.NewRequest(http.MethodPut, base+path, strings.NewReader(body))
		if err != nil {
			return false
		}
		request.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(request)
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return json.NewDecoder(answer.Body).Decode(into) == nil && answer.StatusCode == http.StatusOK
	}
	for {
		commands++
		var ignored map[string]any
		list := fmt.Sprintf(`{"race_name":"A","turn":%d,"orders":[{"type":"ship_type.create","name":"T%d","drive":1,"armament":0,"weapons":0,"shields":0,"cargo":0}]}`, turn, turn)
		command := fmt.Sprintf(`{"race_name":"B","turn":%d,"command_id":"0197a3c2-aaaa-7c3a-9f51-%012d","command":{"type":"message.send","to":["A"],"text":"x"}}`, turn, commands)
		if !put(enginev1.PathOrder, list, &ignored) || !put(enginev1.PathCommand, command, &ignored) {
			return turn, commands
		}
		var answer enginev1.TurnResponse
		if !put(enginev1.PathTurn, fmt.Sprintf(`{"turn":%d}`, turn+1), &answer) {
			return turn, commands
		}
		turn = answer.Turn
		hashes[turn] = answer.Status.StateHash
	}
}

func noEnv(string) string { return "" }

func TestSecondEngineOnADirectoryExits(t *testing.T) {
	t.Parallel()
	dir := conformance.StateDir(t)
	c := startEngine(t, dir)
	env := func(name string) string {
		return map[string]string{"ENGINE_STATE_DIR": dir, "ENGINE_LISTEN_ADDR": "127.0.0.1:0"}[name]
	}
	require.ErrorContains(t, run(t.Context(), nil, env, &bytes.Buffer{}, &bytes.Buffer{}), "locked")
	require.ErrorContains(t, run(t.Context(), []string{"rewind", "--turn", "0"}, env, &bytes.Buffer{}, &bytes.Buffer{}), "locked")
	require.ErrorContains(t, run(t.Context(), []string{"replay"}, env, &bytes.Buffer{}, &bytes.Buffer{}), "locked")
	require.Equal(t, 0, c.stop(t, syscall.SIGTERM), "a requested stop is not a failure")
}

func TestHealthcheckProbesTheRunningEngine(t *testing.T) {
	t.Parallel()
	c := startEngine(t, conformance.StateDir(t))
	env := func(name string) string {
		if name == "ENGINE_LISTEN_ADDR" {
			return strings.Replace(strings.TrimPrefix(c.base, "http://"), "127.0.0.1", "", 1)
		}
		return ""
	}
	require.NoError(t, run(t.Context(), []string{"healthcheck"}, env, nil, nil))
	require.Equal(t, 0, c.stop(t, syscall.SIGTERM))
	require.Error(t, run(t.Context(), []string{"healthcheck"}, env, nil, nil))
}

func TestRewindAndReplaySubcommands(t *testing.T) {
	t.Parallel()
	dir := conformance.StateDir(t)
	c := startEngine(t, dir)
	client := conformance.NewClient(t, c.base)
	client.Post(enginev1.PathInit, initBody)
	for turn := 1; turn <= 3; turn++ {
		conformance.Into[enginev1.TurnResponse](client.Put(enginev1.PathTurn, enginev1.TurnRequest{Turn: turn}), 200)
	}
	require.Equal(t, 0, c.stop(t, syscall.SIGTERM))
	var out, problems bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"rewind", "--state-dir", dir, "--turn", "1"}, noEnv, &out, &problems))
	require.Equal(t, "the game goes on from turn 1\n", out.String())
	require.Error(t, run(t.Context(), []string{"rewind", "--state-dir", dir, "--turn", "7"}, noEnv, &out, &problems))
	require.Error(t, run(t.Context(), []string{"rewind", "--state-dir", dir}, noEnv, &out, &problems))
	out.Reset()
	require.NoError(t, run(t.Context(), []string{"replay", "--state-dir", dir, "--verify"}, noEnv, &out, &problems))
	require.Len(t, strings.Split(strings.TrimSpace(out.String()), "\n"), 2)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "commands/000000.jsonl"), banishLine(), 0o600))
	require.ErrorContains(t, run(t.Context(), []string{"replay", "--state-dir", dir, "--verify"}, noEnv, &out, &problems), "differently")
}

// banishLine is a valid log line that the recorded game did not contain.
func banishLine() []byte {
	const entry = `{"kind":"banish","race":1}`
	return fmt.Appendf(nil, "{\"crc32\":\"%08x\",\"entry\":%s}\n", crc32.ChecksumIEEE([]byte(entry)), entry)
}

func TestVersionAndUnknownCommands(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"version"}, noEnv, &out, nil))
	require.Equal(t, version+"\n", out.String())
	require.ErrorContains(t, run(t.Context(), []string{"dance"}, noEnv, &out, nil), "unknown command")
	require.Error(t, run(t.Context(), []string{"serve", "--loudly"}, noEnv, &out, &bytes.Buffer{}))
}

func TestConfigReportsEveryProblem(t *testing.T) {
	t.Parallel()
	c, err := readConfig(noEnv)
	require.NoError(t, err)
	require.Equal(t, config{listen: ":8080", stateDir: "/var/lib/galaxy-game", logLevel: zapcore.InfoLevel, shutdown: 8 * time.Second}, c)
	_, err = readConfig(func(name string) string { return "nonsense" })
	require.ErrorContains(t, err, "ENGINE_LOG_LEVEL")
	require.ErrorContains(t, err, "ENGINE_SHUTDOWN_TIMEOUT")
}
