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

// responseTimeout is the longest time for one response.
const responseTimeout = 20 * time.Second

// conn is one keep-alive connection.
type conn struct {
	net.Conn
	in *bufio.Reader
}

func dial(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, responseTimeout)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 16<<10)}, nil
}

// response is the response to a request.
type response struct {
	status int
	close  bool // the server ends the connection
	text   []byte
}

// roundTrip sends a request and reads the whole response. The body is kept only
// if the status is an error.
func (c *conn) roundTrip(request []byte) (response, error) {
	if err := c.SetDeadline(time.Now().Add(responseTimeout)); err != nil {
		return response{}, err
	}
	if _, err := c.Write(request); err != nil {
		return response{}, err
	}
	return c.readResponse()
}

func (c *conn) readResponse() (a response, err error) {
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
		return a, c.readChunks(&a)
	}
	return a, c.readBody(&a, length)
}

func equal(b []byte, s string) bool { return len(b) == len(s) && strings.EqualFold(string(b), s) }

func (c *conn) readChunks(a *response) error {
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return fmt.Errorf("no chunk: %.40q", line)
		}
		if err := c.readBody(a, int(n)); err != nil {
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

// maxErrorBody is how many bytes of an error response are kept.
const maxErrorBody = 400

func (c *conn) readBody(a *response, n int) error {
	if a.status >= 300 {
		if head := min(n, maxErrorBody-len(a.text)); head > 0 {
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
