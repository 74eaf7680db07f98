package testkit

import (
	"net"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
)

// Ports of FreeAddr lie below those that the kernel gives to clients: one of these
// could be in use again before the child that a test starts listens.
const (
	firstPort = 20_000
	portCount = 12_000
)

// nextPort goes on with every call; where it begins depends on the process, so
// that packages under test at the same time look in different places.
var nextPort atomic.Int64

// FreeAddr is an address on 127.0.0.1 that nobody listens on, for a program
// that has to be told where to listen.
func FreeAddr(t testing.TB) string {
	t.Helper()
	for range portCount {
		port := firstPort + (int64(os.Getpid())*131+nextPort.Add(1))%portCount
		addr := net.JoinHostPort("127.0.0.1", strconv.FormatInt(port, 10))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatalf("testkit: give a port back: %v", err)
		}
		return addr
	}
	t.Fatal("testkit: no port is free")
	return ""
}
