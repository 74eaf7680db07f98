//go:build integration

package integration

import (
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

type run struct {
	ID       uuid.UUID `json:"run_id"`
	Kind     string    `json:"kind"`
	Cause    string    `json:"cause"`
	Turn     *int      `json:"turn"`
	Status   string    `json:"status"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error_code"`
	After    *int      `json:"engine_turn_after"`
	By       string    `json:"requested_by"`
}

// latestRun is the newest run of a turn.
func (s *scenario) latestRun(turn string) run {
	s.Helper()
	of := got[struct{ Runs []run }](s.root.Get(adminGamePath(s.operatedGame, "/turns/"+turn)))
	return of.Runs[0]
}

func (s *scenario) operatorsScheduleTurns() {
	in := privateGame("The long war")
	in["join_policy"] = "application"
	s.operatedGame = s.newGameWithMembers(in, s.ada, "Perseus", map[string]*user{"Cepheus": s.bob, "Draco": s.cyd})
	s.apply(s.dan, s.operatedGame, "Hydra") // never approved, but a former applicant can take an offered seat
	s.startGame(s.ada, s.operatedGame, 3)
	before := s.awaitState(s.operatedGame, "running")

	queued := accepted[run](s.root.Post(adminGamePath(s.operatedGame, "/turns/advance"), object{"keep_deadline": true}))
	require.Equal(s, "manual", queued.Cause)
	after := s.awaitTurn(s.operatedGame, 1)
	require.Equal(s, before.NextTurn, after.NextTurn, "the deadline was kept")
	of := s.latestRun("1")
	require.Equal(s, queued.ID, of.ID)
	require.Equal(s, "done", of.Status)
	require.Equal(s, 1, *of.After)
	require.Equal(s, adminUser, of.By)
	require.Len(s, got[page[run]](s.root.Get(adminGamePath(s.operatedGame, "/turns"))).Items, 1)

	grid := object{"turns": object{"cron": "0 19 * * *", "zone": "Europe/Amsterdam", "early_when_ready": true}}
	scheduled := got[game](s.root.Put(adminGamePath(s.operatedGame, "/schedule"), grid))
	require.Equal(s, "grid", scheduled.Turns.Mode)
	moved := got[game](s.root.Get(adminGamePath(s.operatedGame, ""))).NextTurn
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	require.NoError(s, err)
	require.Equal(s, "19:00:00", moved.In(amsterdam).Format(time.TimeOnly))
	later := moved.Add(48 * time.Hour)
	require.Equal(s, later, *got[game](s.root.Post(adminGamePath(s.operatedGame, "/extend"), object{"next_turn_at": later})).NextTurn)

	require.Equal(s, "operator", *got[game](s.root.Post(adminGamePath(s.operatedGame, "/pause"), nil)).PauseReason)
	s.awaitEvent(s.cyd, "game.paused")
	s.ada.Post(lobbyGamePath(s.operatedGame, "/resume"), nil).Refused(http.StatusConflict, "resume_not_allowed")
	require.Equal(s, "running", got[game](s.root.Post(adminGamePath(s.operatedGame, "/resume"), nil)).State)
}

// turnFailsAndIsRetried makes the engine's directory read-only, which fails a turn
// as a full or broken disk does.
func (s *scenario) turnFailsAndIsRetried() {
	dir := filepath.Join(s.stateRoot, s.operatedGame.String(), "turns")
	require.NoError(s, os.Chmod(dir, 0o555))
	s.root.Post(adminGamePath(s.operatedGame, "/turns/advance"), object{}).Want(202)
	var failed run
	s.eventually("a failed attempt", func() bool {
		failed = s.latestRun("2")
		return failed.Status == "queued" && failed.Error != ""
	})
	require.Equal(s, 1, failed.Attempts)
	require.Equal(s, 1, got[game](s.root.Get(adminGamePath(s.operatedGame, ""))).Turn, "nothing was announced")

	require.NoError(s, os.Chmod(dir, 0o750))
	retried := accepted[run](s.root.Post(adminGamePath(s.operatedGame, "/turns/retry"), nil))
	require.Equal(s, failed.ID, retried.ID)
	s.awaitTurn(s.operatedGame, 2)
	require.Equal(s, "done", s.latestRun("2").Status)
}

// seatsAreReplaced gives two races to users who were not members of the game.
func (s *scenario) seatsAreReplaced() {
	g := s.operatedGame
	s.cyd.Post(lobbyGamePath(g, "/leave"), nil).Want(204)
	require.NotNil(s, got[seat](s.ada.Post(lobbyGamePath(g, "/seats/Draco/offer"), nil)).OfferedAt)
	s.awaitEvent(s.ada, "game.seat.offered")
	require.Equal(s, seat{User: s.dan.id, Race: "Draco", Status: "active", Successor: true}, created[seat](s.dan.Post(lobbyGamePath(g, "/seats/Draco/take"), nil)))
	require.Equal(s, "Draco", s.report(s.dan, g).Race)
	require.Equal(s, "removed", got[seat](s.ada.Post(lobbyGamePath(g, "/memberships/"+s.bob.id.String()+"/remove"), nil)).Status)
	replaced := got[seat](s.root.Post(adminGamePath(g, "/memberships/"+s.bob.id.String()+"/replace"), object{"successor_user_id": s.eve.id}))
	require.Equal(s, seat{User: s.eve.id, Race: "Cepheus", Status: "active", Successor: true}, replaced)
	require.Equal(s, "Cepheus", s.report(s.eve, g).Race)

	require.Equal(s, "banish", accepted[run](s.root.Post(adminGamePath(g, "/races/Cepheus/banish"), nil)).Kind)
	s.eventually("the end of a race", func() bool {
		newest := got[page[run]](s.root.Get(adminGamePath(g, "/turns"))).Items[0]
		return newest.Kind == "banish" && newest.Status == "done"
	})
}
