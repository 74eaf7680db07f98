package lobby

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/user"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// held is the user's entries: state and display form, oldest first.
func (l *lounge) held(u uuid.UUID) []string {
	l.Helper()
	names, err := l.names.Names(l.Context(), u, uuid.Max, 100)
	require.NoError(l, err)
	out := []string{}
	for i := len(names) - 1; i >= 0; i-- {
		out = append(out, names[i].State+" "+names[i].Display)
	}
	return out
}

// sound checks what holds of the directory after every step.
func (l *lounge) sound() {
	l.Helper()
	require.Zero(l, l.one(`SELECT count(*) FROM race_name_keys k WHERE NOT EXISTS (
		SELECT FROM race_names n WHERE k.key IN (n.canonical_key, n.second_key))`), "a key outlived its names")
	require.Zero(l, l.one(`SELECT count(*) FROM race_names n JOIN race_name_keys k ON k.key IN (n.canonical_key, n.second_key)
		WHERE k.holder_user_id <> n.user_id`), "a name of somebody who does not hold its key")
}

func TestOfConfusableSpellingsOneWins(t *testing.T) {
	t.Parallel()
	l := open(t)
	spellings := []string{"Modern", "modern", "MODERN", "modem", "Mo dern", "mo-dern", "M.o.d.e.r.n", "Ｍｏｄｅｒｎ", "rnodern", "Rnodern"}
	g := l.opened(root, func(n *game.NewGame) { n.MaxPlayers = 100 })
	type attempt struct {
		who  uuid.UUID
		name string
	}
	var attempts []attempt
	for i := range 32 {
		attempts = append(attempts, attempt{l.person(), spellings[i%len(spellings)]})
	}
	won, lost := race(attempts, func(a attempt) error { _, err := l.apply(g, a.who, a.name); return err })
	require.Equal(t, 1, won)
	for _, err := range lost {
		refused(t, err, racename.ErrTaken)
	}
	l.sound()
}

func TestClaimsOfDifferentGamesDoNotDeadlock(t *testing.T) {
	t.Parallel()
	l := open(t)
	var attempts []func() error
	for i := range 24 {
		u, g := l.person(), l.opened(root)
		name := fmt.Sprintf("Zorg %d", i%3)
		attempts = append(attempts, func() error {
			if _, err := l.apply(g, u, name); err != nil {
				return err
			}
			_, err := l.Move(t.Context(), root, g.ID, game.Cancel) // gives the name up again
			return err
		})
	}
	_, lost := race(attempts, func(fn func() error) error { return fn() })
	for _, err := range lost {
		refused(t, err, racename.ErrTaken)
	}
	require.Zero(t, l.one(`SELECT count(*) FROM race_names`))
	l.sound()
}

func TestANameIsReservedAndReleased(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	first, second := l.opened(root), l.opened(root)
	l.sit(first, ada, "Zorg")
	l.sit(second, ada, "Zorg") // R1: the same name in several games
	require.Equal(t, []string{"reserved Zorg", "reserved Zorg"}, l.held(ada))
	_, err := l.apply(first, bob, "Z-O-R-G")
	refused(t, err, racename.ErrTaken)
	require.NoError(t, l.Leave(t.Context(), ada, first.ID)) // R2
	require.Equal(t, []string{"reserved Zorg"}, l.held(ada))
	_, err = l.apply(first, bob, "zorg")
	refused(t, err, racename.ErrTaken)
	l.step(root, second.ID, game.Cancel)
	require.Empty(t, l.held(ada))
	l.sit(first, bob, "zorg")
	l.sound()
}

func TestAvailabilityIsWhatTheDirectorySays(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	ask := func(who uuid.UUID, name string, want racename.Availability) {
		t.Helper()
		_, got, err := l.names.Availability(t.Context(), who, name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	g := l.opened(root)
	ask(ada, "Zorg", racename.Available)
	l.sit(g, ada, "Zorg")
	ask(ada, "zorg", racename.Yours)
	ask(bob, "z.org", racename.Taken)
	require.NoError(t, l.Leave(t.Context(), ada, g.ID))
	ask(bob, "Zorg", racename.Available)
	_, _, err := l.names.Availability(t.Context(), ada, "admin")
	refused(t, err, racename.ErrInvalidPath)
}

// finished plays a game to its end. Races that are grown pass the test of
// capability; what they became is their state.
func (l *lounge) finished(turns int, grown map[uuid.UUID]bool, states map[uuid.UUID]enginev1.RaceState, names map[uuid.UUID]string) game.Game {
	l.Helper()
	g := l.opened(root, func(n *game.NewGame) { n.MinPlayers, n.MaxPlayers = 1, max(2, len(names)) })
	var races []string
	for u, name := range names {
		races = append(races, l.sit(g, u, name))
	}
	l.step(root, g.ID, game.ForceStart)
	l.observe(g.ID, "running", startsWith(races))
	r := game.TurnRecord{GameID: g.ID, Turn: turns, At: l.clock.Now(), StateHash: "end", Finished: true,
		Result: &enginev1.Result{Reason: enginev1.ResultLastRace, Winners: races[:1], Ranking: []enginev1.RankEntry{}}}
	for u, name := range names {
		planets, state := 1, enginev1.RaceActive
		if grown[u] {
			planets = 5
		}
		if s, ok := states[u]; ok {
			state = s
		}
		r.Races = append(r.Races, game.RaceStats{RaceName: name, State: string(state), Planets: planets, Population: 1000 * float64(planets)})
	}
	require.NoError(l, l.record(r))
	l.sound()
	return l.game(g.ID)
}

func TestOnlyMembersInGoodStandingEarnTheirName(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(6)
	names := map[uuid.UUID]string{p[0]: "Zorg", p[1]: "Vogon", p[2]: "Klingon", p[3]: "Romulan", p[4]: "Ferengi", p[5]: "Borg"}
	grown := map[uuid.UUID]bool{p[0]: true, p[1]: true, p[3]: true, p[4]: true, p[5]: true}
	g := l.finished(10, grown, map[uuid.UUID]enginev1.RaceState{
		p[1]: enginev1.RaceEliminated, p[3]: enginev1.RaceBanished, p[4]: enginev1.RaceQuit, p[5]: enginev1.RaceIdleRemoved}, names)
	require.Equal(t, game.Finished, g.State)
	for i, want := range []bool{true, true, false, false, false, false} {
		if want {
			require.Equal(t, []string{"pending_registration " + names[p[i]]}, l.held(p[i]))
			require.Equal(t, 1, l.log.CountTo(p[i], notification.KindRaceNamePending))
		} else {
			require.Empty(t, l.held(p[i]), names[p[i]])
		}
	}
	pendingNames, err := l.names.Names(t.Context(), p[0], uuid.Max, 1)
	require.NoError(t, err)
	require.Equal(t, noon.Add(720*time.Hour), *pendingNames[0].ExpiresAt)
	require.Equal(t, g.ID, *pendingNames[0].SourceGameID)
}

func TestGamesThatWereNoneEarnNobodyAName(t *testing.T) {
	t.Parallel()
	l := open(t)
	a, b, c := l.person(), l.person(), l.person()
	l.finished(9, map[uuid.UUID]bool{a: true, b: true}, nil, map[uuid.UUID]string{a: "Zorg", b: "Vogon"})
	l.finished(50, map[uuid.UUID]bool{c: true}, nil, map[uuid.UUID]string{c: "Klingon"})
	for _, u := range []uuid.UUID{a, b, c} {
		require.Empty(t, l.held(u))
	}
	g := l.opened(root)
	l.seated(g, a, b)
	l.step(root, g.ID, game.Close, game.Cancel) // an operator's stop promotes nobody either
	require.Empty(t, l.held(a))
}

// earn makes a name pending for a user.
func (l *lounge) earn(u uuid.UUID, name string) {
	l.Helper()
	other := l.person()
	l.finished(12, map[uuid.UUID]bool{u: true}, nil, map[uuid.UUID]string{u: name, other: raceOf(other)})
}

func TestAnEarnedNameIsRegisteredInTime(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	l.earn(ada, "Zorg")
	_, err := l.names.Register(t.Context(), bob, "Zorg")
	refused(t, err, racename.ErrNotFound)
	for range 2 { // R7, then R11
		n, err := l.names.Register(t.Context(), ada, "zorg")
		require.NoError(t, err)
		require.Equal(t, racename.Registered, n.State)
		require.Equal(t, "Zorg", n.Display)
	}
	require.Equal(t, 1, l.log.CountTo(ada, notification.KindRaceNameRegistered))
	l.earn(ada, "Vogon")
	l.people.set(ada, func(s *user.Snapshot) { s.Limits.RegisteredRaceNames = 1 })
	_, err = l.names.Register(t.Context(), ada, "Vogon") // R8: the offer stays
	refused(t, err, racename.ErrLimit)
	require.Equal(t, []string{"registered Zorg", "pending_registration Vogon"}, l.held(ada)) // R14
	l.people.set(ada, func(s *user.Snapshot) { s.Limits.RegisteredRaceNames = 2 })
	l.clock.Advance(720 * time.Hour)
	_, err = l.names.Register(t.Context(), ada, "Vogon") // R9, before the sweeper ran
	refused(t, err, racename.ErrExpired)
	l.sweep() // R10
	l.sound()
	require.Equal(t, []string{"registered Zorg"}, l.held(ada))
	require.Equal(t, 1, l.log.CountTo(ada, notification.KindRaceNameExpired))
	_, err = l.names.Register(t.Context(), ada, "Vogon")
	refused(t, err, racename.ErrNotFound)
}

func TestANameThatIsEarnedAgainIsOnlyProlonged(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	l.earn(ada, "Zorg")
	l.clock.Advance(24 * time.Hour)
	l.earn(ada, "Zorg") // R4
	require.Equal(t, []string{"pending_registration Zorg"}, l.held(ada))
	require.Equal(t, 1, l.log.CountTo(ada, notification.KindRaceNamePending))
	names, err := l.names.Names(t.Context(), ada, uuid.Max, 1)
	require.NoError(t, err)
	require.Equal(t, noon.Add(744*time.Hour), *names[0].ExpiresAt)
	_, err = l.names.Register(t.Context(), ada, "Zorg")
	require.NoError(t, err)
	l.earn(ada, "Zorg") // R5
	require.Equal(t, []string{"registered Zorg"}, l.held(ada))
}

func TestRegisteringAndExpiryHaveOneWinner(t *testing.T) {
	t.Parallel()
	l := open(t)
	for i := range 6 {
		ada := l.person()
		l.earn(ada, fmt.Sprintf("Zorg %d", i))
		l.clock.Advance(720*time.Hour - time.Microsecond)
		won, _ := race([]func() error{
			func() error {
				_, err := l.names.Register(t.Context(), ada, fmt.Sprintf("Zorg %d", i))
				return err
			},
			func() error {
				l.clock.Advance(time.Microsecond)
				_, err := l.sweepers.runOnce(t.Context())
				return err
			},
		}, func(fn func() error) error { return fn() })
		registered := won == 2
		if registered {
			require.Len(t, l.held(ada), 1)
		} else {
			require.Empty(t, l.held(ada))
		}
		l.sound()
	}
}
