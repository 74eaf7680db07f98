package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"time"

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
	out := &tail{limit: logLimit}
	if _, err := stdcopy.StdCopy(out, out, body); err != nil {
		return nil, classify(err, "read logs of %s", name)
	}
	return out.Bytes(), nil
}

// tail keeps the last bytes written to it.
type tail struct {
	bytes.Buffer
	limit int
}

func (t *tail) Write(p []byte) (int, error) {
	n, err := t.Buffer.Write(p)
	if over := t.Len() - t.limit; over > t.limit { // cut rarely, not at every write
		t.Next(over)
	}
	return n, err
}

// Bytes are the last ones, at most limit.
func (t *tail) Bytes() []byte {
	if over := t.Len() - t.limit; over > 0 {
		t.Next(over)
	}
	return t.Buffer.Bytes()
}

// Stats is the use of resources at one moment.
type Stats struct {
	At          time.Time
	CPU         time.Duration // used since the start
	Memory      int64         // bytes, without the page cache
	MemoryLimit int64
	Pids        int64
}

// Stats takes one sample. An old daemon takes nearly a second for it.
func (c *Client) Stats(ctx context.Context, name string) (Stats, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	in, err := c.api.ContainerStatsOneShot(ctx, name)
	if err != nil {
		return Stats{}, classify(err, "read stats of %s", name)
	}
	defer in.Body.Close()
	var s container.StatsResponse
	if err := json.NewDecoder(in.Body).Decode(&s); err != nil {
		return Stats{}, classify(err, "read stats of %s", name)
	}
	if s.Read.IsZero() || s.PidsStats.Current == 0 {
		return Stats{}, classify(errNotDialable, "read stats of %s", name)
	}
	cache := max(s.MemoryStats.Stats["total_inactive_file"], s.MemoryStats.Stats["inactive_file"])
	return Stats{
		At:          s.Read.UTC(),
		CPU:         time.Duration(s.CPUStats.CPUUsage.TotalUsage),
		Memory:      int64(s.MemoryStats.Usage - min(cache, s.MemoryStats.Usage)),
		MemoryLimit: int64(s.MemoryStats.Limit),
		Pids:        int64(s.PidsStats.Current),
	}, nil
}
