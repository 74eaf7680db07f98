package docker

import (
	"context"
	"encoding/json"
	"time"

	"github.com/docker/docker/api/types/container"
)

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
		return Stats{}, classify(errNotRunning, "read stats of %s", name)
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
