package engine_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Whatever an engine sends, the answer is a status of this game, a fault of the
// contract, or ErrBadResponse; never a panic and never a fault of ours.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/json", `{"contract_version":1,"engine_version":"0.1.0","state":"uninitialized"}`)
	f.Add(200, "application/json", `{"contract_version":1,"game_id":"0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d","state":"running","turn":3,"races":[]}`)
	f.Add(409, "application/json", `{"error":{"code":"turn_mismatch","message":"m","details":{"current_turn":14}}}`)
	f.Add(422, "application/json", `{"error":{"code":"validation_failed","message":"m","details":{"fields":[{"field":"a","message":"b"}]}}}`)
	f.Add(503, "text/html", "<html>")
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		if status < 200 || status > 599 || status == http.StatusNoContent || status == http.StatusNotModified {
			return // not the status of an answer with a body
		}
		c, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
			headers(w, game.String())
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
		s, err := c.Status(t.Context(), game)
		if err == nil {
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, 1, s.ContractVersion)
			return
		}
		known := []error{
			engine.ErrBadResponse, engine.ErrRefused, engine.ErrNotFound, engine.ErrRaceNotFound, engine.ErrTurnNotFound, engine.ErrNotInitialized,
			engine.ErrAlreadyInitialized, engine.ErrTurnMismatch, engine.ErrGameFinished, engine.ErrRaceInactive, engine.ErrCommandConflict,
			engine.ErrTooLarge, engine.ErrValidation, engine.ErrOrdersRejected, engine.ErrTurnFailed, engine.ErrFailed, engine.ErrBusy,
			engine.ErrShuttingDown, engine.ErrStorageUnavailable, engine.ErrStateCorrupt, engine.ErrUnreachable,
		}
		for _, k := range known {
			if fault.From(err).Is(k) {
				return
			}
		}
		t.Fatalf("an answer became %v", err)
	})
}
