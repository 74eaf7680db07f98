package pg

import (
	"errors"
	"net"
	"syscall"
)

// stirred reports whether an idle connection has something to read: words that
// nobody asked for, or its end. It reads nothing and does not wait.
func stirred(conn net.Conn) bool {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn() // TLS: an announcement is bytes below it all the same
	}
	system, ok := conn.(syscall.Conn)
	if !ok {
		return false // no socket to look into: the periodic check has to do
	}
	raw, err := system.SyscallConn()
	if err != nil {
		return true
	}
	var peeked error
	err = raw.Control(func(fd uintptr) {
		_, _, peeked = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err != nil || !errors.Is(peeked, syscall.EAGAIN) && !errors.Is(peeked, syscall.EINTR)
}
