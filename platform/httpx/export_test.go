package httpx

import (
	"net/http"
	"testing"
)

// HTTP is the server underneath, for tests that cannot wait for its timeouts.
func (s *Server) HTTP() *http.Server { return s.http }

// ParseBasic is for the fuzz target.
var ParseBasic = parseBasic

// Probes is the package's own table, for contract tests.
func Probes(testing.TB) Table { return probeTable(nil, nil) }
