package docker

import (
	"bytes"
	"context"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// logLimit bounds what is read of a container's output.
const logLimit = 1 << 20

// Logs returns the last lines of a container's output, both streams, at most
// 1 MiB, with the daemon's time in front of each line.
func (c *Client) Logs(ctx context.Context, name string, lines int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	body, err := c.api.ContainerLogs(ctx, name, container.LogsOptions{
		ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: strconv.Itoa(lines),
	})
	if err != nil {
		return nil, classify(err, "read logs of %s", name)
	}
	defer body.Close()
	out := &tailBuffer{limit: logLimit}
	if _, err := stdcopy.StdCopy(out, out, body); err != nil {
		return nil, classify(err, "read logs of %s", name)
	}
	return out.Bytes(), nil
}

// tailBuffer keeps the last bytes written to it.
type tailBuffer struct {
	bytes.Buffer
	limit int
}

func (t *tailBuffer) Write(p []byte) (int, error) {
	n, err := t.Buffer.Write(p)
	if over := t.Len() - t.limit; over > t.limit { // cut rarely, not at every write
		t.Next(over)
	}
	return n, err
}

// Bytes are the last ones, at most limit.
func (t *tailBuffer) Bytes() []byte {
	if over := t.Len() - t.limit; over > 0 {
		t.Next(over)
	}
	return t.Buffer.Bytes()
}
