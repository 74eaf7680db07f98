package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func noVariables(string) string { return "" }

func TestDefaultsAreTheDocumentedPorts(t *testing.T) {
	t.Parallel()
	got, err := parse(nil, noVariables, io.Discard)
	require.NoError(t, err)
	require.Equal(t, config{
		Dir: ".devstack", Driver: driverAuto, EngineVersion: "0.1.0", AdminUser: "admin",
		Ports: ports{REST: 8080, GRPC: 8081, Inbox: 8025, SMTP: 1025, Postgres: 5433, Metrics: 9464},
	}, got)
}

func TestFlagWinsOverEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GALAXY_DEVSTACK_DIR": "/env", "GALAXY_DEVSTACK_REST_PORT": "9000", "GALAXY_DEVSTACK_SMTP_PORT": "9001"}
	got, err := parse([]string{"-dir", "/flag", "-rest-port=9002"}, func(name string) string { return env[name] }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "/flag", got.Dir)
	require.Equal(t, 9002, got.Ports.REST)
	require.Equal(t, 9001, got.Ports.SMTP)
}

func TestEphemeralTakesFreePortsUnlessAsked(t *testing.T) {
	t.Parallel()
	got, err := parse([]string{"-ephemeral", "-rest-port=8080"}, noVariables, io.Discard)
	require.NoError(t, err)
	require.Equal(t, ports{REST: 8080}, got.Ports)
}

func TestWhatIsWrongIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GALAXY_DEVSTACK_GRPC_PORT": "many"}
	_, err := parse([]string{"-driver=podman", "-rest-port=70000", "up"}, func(name string) string { return env[name] }, io.Discard)
	require.ErrorContains(t, err, "GALAXY_DEVSTACK_GRPC_PORT is not a port")
	require.ErrorContains(t, err, `not "podman"`)
	require.ErrorContains(t, err, "70000 is not a port")
	require.ErrorContains(t, err, "there are no arguments")
}

func TestPortInUseIsOneClearLine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().(*net.TCPAddr).Port
	p := ports{REST: taken}
	err = p.reserve()
	require.ErrorContains(t, err, "(REST) is in use: end what listens there, or choose another with -rest-port")
	require.NotContains(t, err.Error(), "\n")
}

func TestFreePortsDiffer(t *testing.T) {
	t.Parallel()
	var p ports
	require.NoError(t, p.reserve())
	seen := map[int]bool{}
	for _, n := range p.flags() {
		require.NotZero(t, *n.port)
		require.False(t, seen[*n.port])
		seen[*n.port] = true
	}
}

func TestDevelopersVariablesWinOverTheStacks(t *testing.T) {
	t.Parallel()
	inherited := []string{"PATH=/bin", "BACKEND_MAIL_WORKER_INTERVAL=1s", "BACKEND_SMTP_HOST=mail.example", "GALAXY_DEVSTACK_DIR=/x"}
	got := environment(inherited, map[string]string{"BACKEND_SMTP_HOST": "127.0.0.1", "BACKEND_SMTP_PORT": "1025"})
	require.Equal(t, []string{"PATH=/bin", "BACKEND_MAIL_WORKER_INTERVAL=1s", "BACKEND_SMTP_HOST=mail.example", "BACKEND_SMTP_PORT=1025"}, got)
}

func TestScreenShowsWhatANewcomerNeeds(t *testing.T) {
	t.Parallel()
	e := endpoints{
		REST: "http://127.0.0.1:8080", Push: "127.0.0.1:8081", Inbox: "http://127.0.0.1:8025", SMTP: "127.0.0.1:1025",
		Admin: operator{"admin", "s3cret"}, Engine: engine{Driver: driverDocker, Version: "0.1.0", Image: "galaxy-engine:0.1.0", Network: "galaxy-devstack"},
	}
	var docker, process bytes.Buffer
	e.print(&docker)
	e.Engine = engine{Driver: driverProcess, Version: "0.1.0", Why: "Docker is not installed"}
	e.print(&process)
	for _, want := range []string{"http://127.0.0.1:8080/docs", "http://127.0.0.1:8025", "admin / s3cret", "in containers from galaxy-engine:0.1.0"} {
		require.Contains(t, docker.String(), want)
	}
	require.Contains(t, process.String(), "as processes: Docker is not installed")
	require.LessOrEqual(t, strings.Count(docker.String(), "\n"), 30, "one screen")
}
