package load

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// patience is how long one answer may take.
const patience = 20 * time.Second

// conn is one kept connection.
type conn struct {
	net.Conn
	in *bufio.Reader
}

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 16<<10)}, nil
}

// answer is what a request came to.
type answer struct {
	status int
	close  bool // the server ends the connection
	text   []byte
}

// ask sends a request and reads the whole answer. The body is kept only of what
// is not a success.
func (c *conn) ask(request []byte) (answer, error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if _, err := c.Write(request); err != nil {
		return answer{}, err
	}
	return c.read()
}

func (c *conn) read() (a answer, err error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return a, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return a, fmt.Errorf("no answer: %.40q", line)
	}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("no status: %.40q", line)
	}
	length, chunked := 0, false
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return a, err
		}
		name, value, found := bytes.Cut(bytes.TrimSpace(line), []byte(":"))
		if !found {
			break
		}
		switch value = bytes.TrimSpace(value); {
		case equal(name, "Content-Length"):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return a, fmt.Errorf("no length: %.40q", value)
			}
		case equal(name, "Transfer-Encoding"):
			chunked = equal(value, "chunked")
		case equal(name, "Connection"):
			a.close = equal(value, "close")
		}
	}
	if chunked {
		return a, c.chunks(&a)
	}
	return a, c.body(&a, length)
}

func equal(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

func (c *conn) chunks(a *answer) error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return fmt.Errorf("no chunk: %.40q", line)
		}
		if err := c.body(a, int(n)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

// keep is how much of a refusal's text is remembered.
const keep = 400

func (c *conn) body(a *answer, n int) error {
	if a.status >= 300 {
		if head := min(n, keep-len(a.text)); head > 0 {
			text := make([]byte, head)
			if _, err := io.ReadFull(c.in, text); err != nil {
				return err
			}
			a.text = append(a.text, text...)
			n -= head
		}
	}
	_, err := c.in.Discard(n)
	return err
}
