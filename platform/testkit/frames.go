package testkit

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"
	"sync"
)

// Message is one message of Postgres' protocol.
type Message struct {
	Type      byte   // 0 for the first one of a client
	Payload   []byte // what follows the length
	Statement string // what a client's Query or Bind is about to run
}

// Runs matches the client's message that has the server run a statement whose
// text starts with sql, case aside: Fault{Toward: ToServer, At: Runs("COMMIT")}.
func Runs(sql string) func(Message) bool {
	return func(m Message) bool {
		runs := m.Type == 'Q' || m.Type == 'B'
		return runs && len(m.Statement) >= len(sql) && strings.EqualFold(m.Statement[:len(sql)], sql)
	}
}

// Completes matches the server's message that a statement is done, by its tag,
// such as "COMMIT" or "UPDATE 1": Fault{Toward: ToClient, At: Completes("COMMIT")}.
func Completes(tag string) func(Message) bool {
	return func(m Message) bool { return m.Type == 'C' && string(bytes.TrimRight(m.Payload, "\x00")) == tag }
}

// reader returns the next bytes to pass on, and the message they are.
type reader func() ([]byte, Message, error)

// chunks reads as the bytes come.
func chunks(from io.Reader) reader {
	buf := make([]byte, 32<<10)
	return func() ([]byte, Message, error) {
		n, err := from.Read(buf)
		if n > 0 {
			err = nil // it comes again
		}
		return buf[:n], Message{}, err
	}
}

// frames reads whole messages. A client's first one has no type byte.
func frames(from io.Reader, client bool, known *statements) reader {
	in := bufio.NewReader(from)
	typed := !client
	return func() ([]byte, Message, error) {
		head := 5
		if !typed {
			head = 4
		}
		unit := make([]byte, head)
		if _, err := io.ReadFull(in, unit); err != nil {
			return nil, Message{}, err
		}
		size := int(binary.BigEndian.Uint32(unit[head-4:])) - 4
		if size < 0 {
			return nil, Message{}, io.ErrUnexpectedEOF
		}
		unit = append(unit, make([]byte, size)...)
		if _, err := io.ReadFull(in, unit[head:]); err != nil {
			return nil, Message{}, err
		}
		m := Message{Payload: unit[head:]}
		if typed {
			m.Type = unit[0]
		}
		typed = true
		if client {
			m.Statement = known.resolve(m)
		}
		return unit, m, nil
	}
}

// statements remembers what a client has prepared under which name.
type statements struct {
	mu     sync.Mutex
	byName map[string]string
}

func (s *statements) resolve(m Message) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, rest, _ := bytes.Cut(m.Payload, []byte{0})
	second, _, _ := bytes.Cut(rest, []byte{0})
	switch m.Type {
	case 'Q': // text
		return string(first)
	case 'P': // name, text
		if s.byName == nil {
			s.byName = map[string]string{}
		}
		s.byName[string(first)] = string(second)
	case 'B': // portal, name
		return s.byName[string(second)]
	}
	return ""
}
