package httpx_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
)

func readAll(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(text)
}

func readConn(conn net.Conn) string {
	text, _ := io.ReadAll(conn) // a reset after the answer is part of the game
	return string(text)
}

// reply is an answer, read to its end.
type reply struct {
	*http.Response
	text string
}

func (r reply) code(t *testing.T) string {
	t.Helper()
	var e struct {
		Error struct {
			Code, Message string
			RequestID     string `json:"request_id"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.text), &e), r.text)
	require.Equal(t, r.Header.Get("X-Request-ID"), e.Error.RequestID)
	require.NotEmpty(t, e.Error.Message)
	return e.Error.Code
}

// fields lists "name code" of every field that the answer complains about.
func (r reply) fields(t *testing.T) []string {
	t.Helper()
	var e struct {
		Error struct {
			Details struct{ Fields []fault.Field }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.text), &e), r.text)
	var out []string
	for _, f := range e.Error.Details.Fields {
		require.NotEmpty(t, f.Message, f)
		out = append(out, f.Name+" "+f.Code)
	}
	return out
}
