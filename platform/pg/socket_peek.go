package pg

import (
	"errors"
	"net"
	"syscall"
)

// readable reports whether something has arrived on an idle connection: bytes,
// or its end. It consumes nothing and does not wait.
func readable(conn net.Conn) bool {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = wrapped.NetConn() // TLS: a message of the server is bytes below it all the same
	}
	system, ok := conn.(syscall.Conn)
	if !ok {
		return false // no socket to look into: the periodic check has to do
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return true
	}
	var peekErr error
	err = raw.Control(func(fd uintptr) {
		_, _, peekErr = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err != nil || !errors.Is(peekErr, syscall.EAGAIN) && !errors.Is(peekErr, syscall.EINTR)
}
