package main

import (
	"bufio"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scrape reads /metrics and adds up each name over its labels.
func scrape(t *testing.T, addr string) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for _, line := range series(t, addr) {
		name, value := line[:strings.IndexAny(line, "{ ")], line[strings.LastIndexByte(line, ' ')+1:]
		v, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err, line)
		sums[name] += v
	}
	return sums
}

// series are the lines of /metrics that hold a value.
func series(t *testing.T, addr string) []string {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var out []string
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if line := lines.Text(); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}
