package localpg

import "strconv"

// Profile chooses between safety and speed.
type Profile uint8

const (
	// Durable keeps what was committed, whatever happens to the machine.
	Durable Profile = iota
	// Fast is for data that may be lost with the server: tests.
	Fast
)

// auth is how the server asks for the password. scram costs several
// milliseconds for each connection, which tests open by the hundred.
func (p Profile) auth() string {
	if p == Fast {
		return "md5"
	}
	return "scram-sha-256"
}

// settings are passed on the command line, where ps shows them.
func (p Profile) settings(port int) []string {
	args := []string{
		"-c", "listen_addresses=127.0.0.1",
		"-c", "port=" + strconv.Itoa(port),
		"-c", "unix_socket_directories=",
		"-c", "max_connections=" + strconv.Itoa(p.connections()),
		"-c", "timezone=UTC",
		"-c", "log_timezone=UTC",
		"-c", "jit=off",
	}
	if p == Fast {
		args = append(args,
			"-c", "fsync=off",
			"-c", "synchronous_commit=off",
			"-c", "full_page_writes=off",
			"-c", "wal_level=minimal",
			"-c", "max_wal_senders=0",
			"-c", "shared_buffers=64MB",
		)
	}
	return args
}

// connections leaves parallel tests room for a pool each.
func (p Profile) connections() int {
	if p == Fast {
		return 400
	}
	return 100
}
