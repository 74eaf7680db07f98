//go:build integration

package integration

import (
	"cmp"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/engine/bot"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// lastTurn is the turn limit of the bots' game: late enough for both races to have
// grown, and for names to be earned.
const lastTurn = 12

// userGamePath is a path below a running game.
func userGamePath(game uuid.UUID, rest string) string {
	return userAPI + "/games/" + game.String() + rest
}

func engineImage() string {
	return cmp.Or(os.Getenv("GALAXY_TEST_ENGINE_IMAGE"), "galaxy-test/engine:0.1.0")
}

// privateGameStartsAtTheSecondTry has a foreign container with the name of the
// engine's, which the backend does not touch.
func (s *scenario) privateGameStartsAtTheSecondTry() {
	in := privateGame("Bots at war")
	in["map"] = object{"max_turns": lastTurn, "vote_share": 1}
	s.botGame = s.newGameWithMembers(in, s.ada, "Orion", map[string]*user{"Lyra": s.bob})
	foreign := "galaxy-game-" + s.botGame.String()
	s.docker("create", "--name", foreign, engineImage())
	s.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", foreign).Run() })
	s.startGame(s.ada, s.botGame, 2)
	require.Equal(s, "container_foreign", *s.awaitState(s.botGame, "start_failed").LastError)
	s.awaitMail("ops@example.com", "unknown container", "")
	s.docker("rm", foreign)
	require.Equal(s, "starting", accepted[game](s.ada.Post(lobbyGamePath(s.botGame, "/retry"), nil)).State)
	s.awaitState(s.botGame, "running")
	s.awaitEvent(s.bob, "game.started")
}

func (s *scenario) report(p *user, game uuid.UUID) enginev1.Report {
	s.Helper()
	return got[enginev1.Report](p.Get(userGamePath(game, "/reports/latest")))
}

type readiness struct {
	Turn    int  `json:"turn"`
	Ready   bool `json:"ready"`
	Awaited int  `json:"awaited"`
	Open    int  `json:"not_ready"`
}

// turns is the progress of a game, as its players see it.
type turns struct {
	Current     int        `json:"current_turn"`
	Clock       string     `json:"clock"`
	Next        *time.Time `json:"next_turn_at"`
	Submissions []struct {
		Race             string `json:"race_name"`
		Submitted, Ready bool
	}
	Items []struct {
		Turn     int
		Cause    string
		Outcomes []struct {
			Race    string `json:"race_name"`
			Outcome *string
		}
	}
}

func (s *scenario) ready(p *user, game uuid.UUID, turn int) readiness {
	s.Helper()
	return got[readiness](p.Put(userGamePath(game, "/ready"), object{"turn": turn}))
}

// playTurn sends the bot's orders and commands.
func (s *scenario) playTurn(p *user, game uuid.UUID) (turn int) {
	s.Helper()
	r := s.report(p, game)
	orders, commands := bot.Play(&r)
	for _, c := range commands {
		p.With("Idempotency-Key", uuid.NewString()).Post(userGamePath(game, "/commands"), object{"turn": r.Turn, "command": c}).Want(200)
	}
	out := got[enginev1.OrderResponse](p.Put(userGamePath(game, "/orders"), object{"turn": r.Turn, "orders": append([]enginev1.Order{}, orders...)}))
	require.True(s, out.Stored)
	return r.Turn
}

func (s *scenario) turnIsPlayed() {
	g := s.botGame
	mine := got[page[game]](s.bob.Get(lobbyAPI + "/my/games")).Items
	require.Equal(s, g, mine[0].ID)
	require.False(s, mine[0].Expected.Submitted)
	require.Zero(s, s.playTurn(s.ada, g))
	require.Zero(s, s.playTurn(s.bob, g))
	orders := got[enginev1.OrderRequest](s.bob.Get(userGamePath(g, "/orders")))
	require.NotEmpty(s, orders.Orders, "the engine returns the stored list")
	require.True(s, got[page[game]](s.bob.Get(lobbyAPI + "/my/games")).Items[0].Expected.Submitted)

	greet := object{"turn": 0, "command": enginev1.SendMessage("Good morning.", "Orion")}
	once := s.bob.With("Idempotency-Key", "greeting")
	require.False(s, got[enginev1.CommandResponse](once.Post(userGamePath(g, "/commands"), greet)).Replayed)
	require.True(s, got[enginev1.CommandResponse](once.Post(userGamePath(g, "/commands"), greet)).Replayed)

	deadline := got[turns](s.ada.Get(userGamePath(g, "/turns"))).Next.Add(time.Hour)
	extended := got[game](s.ada.Post(lobbyGamePath(g, "/extend"), object{"next_turn_at": deadline}))
	require.Equal(s, deadline, *extended.NextTurn)
	require.Equal(s, "user", *got[game](s.ada.Post(lobbyGamePath(g, "/pause"), nil)).PauseReason)
	s.bob.Put(userGamePath(g, "/ready"), object{"turn": 0}).Refused(http.StatusConflict, "game_state_conflict")
	require.Equal(s, "running", got[game](s.ada.Post(lobbyGamePath(g, "/resume"), nil)).State)

	require.Equal(s, readiness{Turn: 0, Ready: true, Awaited: 2, Open: 1}, s.ready(s.ada, g, 0))
	require.Equal(s, readiness{Turn: 0, Awaited: 2, Open: 2}, got[readiness](s.ada.Delete(userGamePath(g, "/ready"))))
	s.ready(s.ada, g, 0)
	s.ready(s.bob, g, 0)
	s.awaitTurn(g, 1)
	s.awaitEvent(s.ada, "game.turn.ready")

	now := got[turns](s.ada.Get(userGamePath(g, "/turns")))
	require.Equal(s, "running", now.Clock)
	require.Equal(s, "ready", now.Items[0].Cause)
	for _, o := range now.Items[0].Outcomes {
		require.Equal(s, "received", *o.Outcome, o.Race)
	}
	s.reportsAreRead(g)
}

// awaitTurn waits until a turn is recorded.
func (s *scenario) awaitTurn(id uuid.UUID, turn int) game {
	s.Helper()
	var g game
	s.eventually("a turn", func() bool {
		g = got[game](s.root.Get(adminGamePath(id, "")))
		return g.Turn == turn
	})
	return g
}

func (s *scenario) reportsAreRead(g uuid.UUID) {
	first := s.ada.Get(userGamePath(g, "/reports/1"))
	report := got[enginev1.Report](first)
	require.Equal(s, "Orion", report.Race)
	require.Equal(s, "Good morning.", report.Messages[0].Text)
	s.ada.With("If-None-Match", first.Header.Get("ETag")).Get(userGamePath(g, "/reports/1")).Want(http.StatusNotModified)
	require.Contains(s, string(s.ada.With("Accept", "text/plain").Get(userGamePath(g, "/reports/latest")).Want(200).Body), "Orion")
	s.cyd.Get(userGamePath(g, "/reports/1")).Want(http.StatusNotFound)
}

// gameEndsAndANameIsEarned has the bots play until the last turn.
func (s *scenario) gameEndsAndANameIsEarned() {
	for turn := 1; turn < lastTurn; turn++ {
		for _, p := range []*user{s.ada, s.bob} {
			require.Equal(s, turn, s.playTurn(p, s.botGame))
		}
		s.ready(s.ada, s.botGame, turn)
		s.ready(s.bob, s.botGame, turn)
		s.awaitTurn(s.botGame, turn+1)
	}
	over := s.awaitState(s.botGame, "finished")
	require.Equal(s, enginev1.ResultTurnLimit, over.Result.Reason)
	s.awaitEvent(s.ada, "game.finished")

	earned := 0
	for _, p := range []*user{s.ada, s.bob} {
		for _, n := range got[page[raceName]](p.Get(lobbyAPI + "/my/race-names")).Items {
			if n.State != "pending_registration" {
				continue
			}
			earned++
			registered := got[raceName](p.Post(lobbyAPI+"/race-names/register", object{"race_name": n.Name}))
			require.Equal(s, raceName{Name: n.Name, State: "registered"}, registered)
			s.awaitEvent(p, "lobby.race_name.registered")
			require.Equal(s, "taken", s.availability(s.eve, n.Name))
		}
	}
	require.NotZero(s, earned, "a race that grew earns its name")
}
