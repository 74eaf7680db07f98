package game

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/fault"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestAGameIsStartedWithItsMembers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ten := 10
	g := f.opened(by(p[0]), func(n *NewGame) {
		n.Map = MapOptions{Size: 200, PlanetsPerRace: &ten, MaxTurns: 50, BattleLog: "shots"}
	})
	races := f.enrollAll(g, p...)
	require.NoError(t, f.s.Leave(t.Context(), p[3], g.ID))
	g = f.move(by(p[0]), g.ID, Close, Start)
	require.Equal(t, Starting, g.State)
	require.Equal(t, f.clock.Now(), *f.game(g.ID).LaunchedAt)
	spec := f.launcher.Starts()[0]
	require.Equal(t, []any{g.ID, "0.1.0", runtime.User}, []any{spec.GameID, spec.Version, spec.By})
	zero := 0
	require.Equal(t, &enginev1.InitOptions{Ruleset: "plus-1", MaxTurns: 50, IdleTurnLimit: &zero, BattleLog: "shots"},
		spec.Init.Options)
	require.Equal(t, &enginev1.MapRequest{Topology: "torus", Size: 200, PlanetsPerRace: &ten}, spec.Init.Map)
	require.Equal(t, []any{g.ID.String(), enginev1.ContractVersion},
		[]any{spec.Init.GameID, spec.Init.ContractVersion})
	for i, r := range spec.Init.Races {
		user, err := f.users.Snapshot(t.Context(), p[i])
		require.NoError(t, err)
		require.Equal(t, enginev1.InitRace{UserID: p[i].String(), UserName: user.UserName, RaceName: races[i]}, r)
		require.True(t, f.membership(g, p[i]).Founding)
	}
	require.Len(t, spec.Init.Races, 3, "whoever left before the launch has no race")
	require.False(t, f.membership(g, p[3]).Founding)
}

func TestTooFewMembersStartNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g := f.opened(root)
	_, err := f.s.Move(t.Context(), root, g.ID, ForceStart)
	require.ErrorIs(t, err, ErrTooFewPlayers)
	require.Equal(t, map[string]any{"members": 0, "min_players": 1}, fault.From(err).Details)
	f.enrollAll(g, p[0])
	_, err = f.s.Move(t.Context(), root, g.ID, Close)
	require.ErrorIs(t, err, ErrTooFewPlayers)
	require.Equal(t, map[string]any{"members": 1, "min_players": 2}, fault.From(err).Details)
	require.Equal(t, Starting, f.move(root, g.ID, ForceStart).State, "one is enough for an operator")
	require.Equal(t, runtime.Operator, f.launcher.Starts()[0].By)
}

func TestAMemberWhoLeftAfterTheEnrollmentKeepsAGameFromStarting(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g := f.opened(root)
	f.enrollAll(g, p...)
	f.move(root, g.ID, Close)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	before := f.fingerprint()
	_, err := f.s.Move(t.Context(), root, g.ID, Start)
	require.ErrorIs(t, err, ErrTooFewPlayers)
	require.Equal(t, before, f.fingerprint())
	require.Empty(t, f.launcher.Starts())
}

func TestAnEnrollmentThatEndsIsToldOnceAndWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		verbs []Verb
		want  []string
	}{
		"closed":              {[]Verb{Close}, []string{EnrollmentClosed}},
		"started by force":    {[]Verb{ForceStart}, []string{EnrollmentStarted}},
		"cancelled":           {[]Verb{Cancel}, []string{EnrollmentCancelled}},
		"closed, and started": {[]Verb{Close, Start}, []string{EnrollmentClosed, EnrollmentStarted}},
	} {
		f := newFixture(t)
		g := f.opened(root)
		f.enrollAll(g, f.addUsers(2)...)
		f.move(root, g.ID, c.verbs...)
		require.Equal(t, c.want, f.observer.enrollmentEnds(), name)
		require.Equal(t, g.ID, f.observer.of(EventEnrollmentEnded)[0].Game.ID, name)
	}
}

func TestAnObserverThatFailsKeepsTheGameAsItWas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.opened(root)
	f.enrollAll(g, f.addUsers(2)...)
	before := f.fingerprint()
	f.observer.failWith(errBroken)
	_, err := f.s.Move(t.Context(), root, g.ID, Close)
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "tell recorder of enrollment_ended in game "+g.ID.String())
	require.Equal(t, before, f.fingerprint())
	require.Equal(t, EnrollmentOpen, f.game(g.ID).State, "neither is the cache")
}

func TestALauncherThatFailsKeepsTheGameAsItWas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	waiting := f.opened(root)
	f.enrollAll(waiting, p...)
	f.move(root, waiting.ID, Close)
	playing, _ := f.running(root, p...)
	crashed, _ := f.running(root, p...)
	f.observe(crashed.ID, runtime.Crashed)
	before := f.fingerprint()
	f.launcher.FailWith(errBroken)
	for id, verb := range map[uuid.UUID]Verb{waiting.ID: Start, playing.ID: ForceStop, crashed.ID: Resume} {
		_, err := f.s.Move(t.Context(), root, id, verb)
		require.ErrorIs(t, err, errBroken, verb)
	}
	require.Equal(t, before, f.fingerprint())
}

func TestMembersWhoCannotBeNamedStartNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.opened(root)
	f.enrollAll(g, f.addUsers(2)...)
	f.users.Fail(errBroken)
	_, err := f.s.Move(t.Context(), root, g.ID, ForceStart)
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, EnrollmentOpen, f.game(g.ID).State)
}

func TestAFailedStartIsTriedAgainWithTheSameRaces(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g := f.opened(by(p[0]))
	races := f.enrollAll(g, p...)
	g = f.move(by(p[0]), g.ID, Close, Start)
	launched := *f.game(g.ID).LaunchedAt
	f.observe(g.ID, runtime.StartFailed, withError("no image"))
	g = f.game(g.ID)
	require.Equal(t, []any{StartFailed, "no image"}, []any{g.State, g.LastError})
	require.NoError(t, f.s.Leave(t.Context(), p[2], g.ID)) // the engine may know the race already
	g = f.move(by(p[0]), g.ID, Retry)
	require.Equal(t, []any{Starting, ""}, []any{g.State, g.LastError})
	require.Equal(t, launched, *f.game(g.ID).LaunchedAt, "the first request counts")
	starts := f.launcher.Starts()
	require.Equal(t, starts[0].Init, starts[1].Init)
	f.observe(g.ID, runtime.Running, withStatus(races...))
	require.Equal(t, Running, f.game(g.ID).State)
	require.Equal(t, []string{EnrollmentClosed, EnrollmentStarted}, f.observer.enrollmentEnds())
}

func TestAStartAfterATakeOverNamesEveryRaceOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	g := f.opened(by(p[0]))
	races := f.enrollAll(g, p[:3]...)
	f.move(by(p[0]), g.ID, Close, Start)
	f.observe(g.ID, runtime.StartFailed)
	require.NoError(t, f.s.Leave(t.Context(), p[2], g.ID))
	f.replace(g, p[2], p[3])
	f.move(by(p[0]), g.ID, Retry)
	var named []string
	for _, r := range f.launcher.Starts()[1].Init.Races {
		named = append(named, r.RaceName)
	}
	require.ElementsMatch(t, races, named)
}

func TestAnOwnerPausesAndResumes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(by(p[0]), p...)
	require.Equal(t, ByUser, f.move(by(p[0]), g.ID, Pause).PauseReason)
	resumed := f.move(by(p[0]), g.ID, Resume)
	require.Equal(t, []any{Running, ""}, []any{resumed.State, resumed.PauseReason})
	require.Len(t, f.launcher.Starts(), 1, "the engine never stopped")
	require.Equal(t, []Event{EventStarted, EventPaused, EventResumed}, f.observer.events())
	for _, u := range p {
		require.Equal(t, 1, f.intents.CountTo(u, notification.KindGamePaused))
		require.Equal(t, 1, f.intents.CountTo(u, notification.KindGameResumed))
	}
	paused := f.intents.Intents(notification.KindGamePaused)[0].Payload
	require.Equal(t, notification.GamePaused{GameRef: g.Ref(), Reason: ByUser, Turn: 0}, paused)
}

func TestWhichPausesAnOwnerMayEnd(t *testing.T) {
	t.Parallel()
	for reason, may := range map[string]bool{
		ByUser: true, AllMissed: true,
		ByOperator: false, GenerationFailed: false, EngineCrashed: false, StateMismatch: false,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			p := f.addUsers(2)
			g, _ := f.running(by(p[0]), p...)
			require.NoError(t, f.pause(g.ID, reason))
			_, err := f.s.Move(t.Context(), by(p[0]), g.ID, Resume)
			if may {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, ErrResume)
			require.Equal(t, reason, fault.From(err).Details["pause_reason"])
			require.Equal(t, Running, f.move(root, g.ID, Resume).State, "an operator may end any pause")
		})
	}
}

func TestAResumeAsksForAnEngineUnlessOneIsUp(t *testing.T) {
	t.Parallel()
	for seen, starts := range map[runtime.Observed]int{
		runtime.Running: 0, runtime.Unreachable: 0, runtime.Crashed: 1, runtime.Stopped: 1,
	} {
		f := newFixture(t)
		g, _ := f.running(root, f.addUsers(2)...)
		f.move(root, g.ID, Pause)
		f.observe(g.ID, seen)
		f.launcher.Reset()
		f.move(root, g.ID, Resume)
		require.Len(t, f.launcher.Starts(), starts, seen)
		for _, spec := range f.launcher.Starts() {
			require.Empty(t, spec.Init.Races, "an engine that was founded keeps its document")
		}
	}
}

func TestEveryPauseIsToldUnderAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g, _ := f.running(root, f.addUsers(2)...)
	f.move(root, g.ID, Pause, Resume, Pause)
	pauses := f.intents.Intents(notification.KindGamePaused)
	require.Len(t, pauses, 2)
	require.NotEqual(t, pauses[0].Key, pauses[1].Key)
}

func TestCancellingStopsTheEngineAndTellsTheMembers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(by(p[0]), p...)
	require.NotEmpty(t, f.namesOf(p[0]))
	_, err := f.s.Move(t.Context(), by(p[0]), g.ID, Cancel)
	require.ErrorIs(t, err, ErrState, "the owner may only before the start")
	f.move(root, g.ID, Pause)
	f.move(root, g.ID, ForceStop)
	g = f.game(g.ID)
	require.Equal(t, []any{Cancelled, "", f.clock.Now()}, []any{g.State, g.PauseReason, *g.FinishedAt})
	require.Nil(t, g.NextTurnAt)
	require.Equal(t, g.ID, f.launcher.Stops()[0].GameID)
	require.Equal(t, runtime.Operator, f.launcher.Stops()[0].By)
	require.Equal(t, []Event{EventStarted, EventPaused, EventCancelled}, f.observer.events())
	for _, u := range p {
		require.Equal(t, "cancelled_by_operator",
			f.intents.SentTo(u, notification.KindGameCancelled)[0].Payload.(notification.GameCancelled).Reason)
		require.Empty(t, f.namesOf(u), "a game that was cancelled promotes no names")
	}
}

func TestAGameThatWasNeverLaunchedHasNoEngineToStop(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g := f.opened(by(p[0]))
	f.enrollAll(g, p...)
	f.move(by(p[0]), g.ID, Cancel)
	require.Empty(t, f.launcher.Stops())
	require.Empty(t, f.observer.events(), "turn never heard of it")
	told := f.intents.SentTo(p[1], notification.KindGameCancelled)[0].Payload
	require.Equal(t, "cancelled_by_user", told.(notification.GameCancelled).Reason)
	require.Empty(t, f.namesOf(p[1]))
}

func TestACancelledGameWithoutMembersTellsNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.move(root, f.opened(root).ID, Cancel)
	require.Empty(t, f.intents.Intents())
}

func TestAGameOpensBeforeItsDeadlineOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	soon := noon.Add(time.Hour)
	early := f.draft(root, func(n *NewGame) { n.EnrollmentEndsAt = &soon })
	late := f.draft(root, func(n *NewGame) { n.EnrollmentEndsAt = &soon })
	f.clock.Set(soon.Add(-time.Microsecond))
	require.Equal(t, EnrollmentOpen, f.move(root, early.ID, Open).State)
	f.clock.Set(soon)
	_, err := f.s.Move(t.Context(), root, late.ID, Open)
	require.ErrorIs(t, err, ErrEnrollmentPast)
}
