package lobby

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
)

// allowed is the diagram of domain.md, written down once more: who, from where,
// by which verb, to where.
var allowed = map[string]State{
	"owner draft open": EnrollmentOpen, "owner enrollment_open close": ReadyToStart, "owner ready_to_start start": Starting,
	"owner start_failed retry": Starting, "owner running pause": Paused, "owner paused resume": Running,
	"owner draft cancel": Cancelled, "owner enrollment_open cancel": Cancelled, "owner ready_to_start cancel": Cancelled,
	"owner start_failed cancel": Cancelled, "operator starting cancel": Cancelled, "operator running cancel": Cancelled,
	"operator paused cancel": Cancelled, "operator enrollment_open force-start": Starting, "operator ready_to_start force-start": Starting,
	"operator running force-stop": Cancelled, "operator paused force-stop": Cancelled,
	"system starting started": Running, "system starting failed": StartFailed, "system running finish": Finished, "system paused finish": Finished,
}

func mayMove(who rank, from State, verb Verb) (State, bool) {
	for _, name := range []string{"owner", "operator", "system"}[:who+1] {
		if to, ok := allowed[name+" "+string(from)+" "+string(verb)]; ok {
			return to, true
		}
	}
	return "", false
}

var verbs = []Verb{Open, Close, Start, Retry, Pause, Resume, Cancel, ForceStart, ForceStop, Started, Failed, Finish}

func TestOnlyTheListedTransitionsExist(t *testing.T) {
	t.Parallel()
	for _, from := range States() {
		for _, verb := range verbs {
			for _, who := range []rank{owner, operator, system} {
				want, ok := mayMove(who, from, verb)
				got, err := next(from, verb, who)
				if !ok {
					refused(t, err, ErrState)
					require.Equal(t, from, got)
					continue
				}
				require.NoError(t, err, "%d %s %s", who, from, verb)
				require.Equal(t, want, got, "%d %s %s", who, from, verb)
			}
		}
	}
}

func TestTerminalStatesAbsorb(t *testing.T) {
	t.Parallel()
	for _, from := range []State{Finished, Cancelled} {
		require.True(t, from.Terminal())
		for _, verb := range verbs {
			_, err := next(from, verb, system)
			refused(t, err, ErrState)
		}
	}
}

// everything is a fingerprint of all rows of a game.
const everything = `SELECT md5(concat_ws('|',
	(SELECT string_agg(g::text, ';' ORDER BY game_id) FROM games g), (SELECT string_agg(m::text, ';' ORDER BY game_id, user_id) FROM memberships m),
	(SELECT string_agg(a::text, ';' ORDER BY application_id) FROM applications a), (SELECT string_agg(i::text, ';' ORDER BY invite_id) FROM invites i),
	(SELECT string_agg(n::text, ';' ORDER BY race_name_id) FROM race_names n), (SELECT string_agg(k::text, ';' ORDER BY key) FROM race_name_keys k)))`

func (l *lounge) fingerprint() string {
	l.Helper()
	sum, err := pg.Get[string](l.Context(), l.db, everything)
	require.NoError(l, err)
	return sum
}

func (l *lounge) exec(statement string, args ...any) {
	l.Helper()
	require.NoError(l, l.db.InTx(l.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	}))
}

func TestAnIllegalMoveChangesNothing(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	for _, from := range States() {
		g := l.draft(by(ada))
		l.exec(`UPDATE games SET state = $2, pause_reason = CASE WHEN $2 = 'paused' THEN 'user' END WHERE game_id = $1`, g.ID, string(from))
		before, told := l.fingerprint(), len(l.log.intents)
		for _, verb := range verbs[:9] {
			for _, who := range []Actor{by(ada), root} {
				if _, ok := mayMove(who.rank(), from, verb); ok {
					continue
				}
				_, err := l.Move(t.Context(), who, g.ID, verb)
				refused(t, err, ErrState)
				require.Equal(t, before, l.fingerprint(), "%s from %s", verb, from)
			}
		}
		require.Len(t, l.log.intents, told)
	}
}

func TestARefusedMoveNamesBothStates(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	g := l.draft(by(ada))
	reply := l.api.User(ada).Post("/api/v1/user/lobby/games/"+g.ID.String()+"/start", nil).Refused
	reply(409, "game_state_conflict")
	body := string(l.api.User(ada).Post("/api/v1/user/lobby/games/"+g.ID.String()+"/start", nil).Body)
	require.True(t, strings.Contains(body, `"draft"`) && strings.Contains(body, `"starting"`), body)
}

func TestOfTwoMovesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	g := l.draft(by(ada))
	results := make(chan error, 8)
	start := make(chan struct{})
	for range cap(results) {
		go func() {
			<-start
			_, err := l.Move(t.Context(), by(ada), g.ID, Open)
			results <- err
		}()
	}
	close(start)
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			refused(t, err, ErrState)
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, g.Version+1, l.game(g.ID).Version)
}

func TestWhatAnEngineDoesMovesTheGame(t *testing.T) {
	t.Parallel()
	const running, stopped = string(runtime.WantRunning), string(runtime.WantStopped)
	for _, c := range []struct {
		from   State
		seen   runtime.Observed
		wanted string
		by     runtime.Source
		verb   Verb
		reason string
	}{
		{Starting, runtime.Running, running, runtime.User, Started, ""},
		{Starting, runtime.Starting, running, runtime.User, "", ""},
		{Starting, runtime.StartFailed, running, runtime.User, Failed, ""},
		{Starting, runtime.Crashed, running, runtime.User, Failed, ""},
		{Starting, runtime.Stopped, stopped, runtime.Operator, Failed, ""},
		{Starting, runtime.Removed, running, runtime.User, "", ""},
		{Running, runtime.Crashed, running, runtime.User, Pause, EngineCrashed},
		{Running, runtime.StartFailed, running, runtime.System, Pause, EngineCrashed},
		{Running, runtime.Stopped, stopped, runtime.Operator, Pause, ByOperator},
		{Running, runtime.Removed, running, runtime.Operator, "", ""},
		{Running, runtime.Unreachable, running, runtime.User, "", ""},
		{Paused, runtime.Crashed, running, runtime.User, "", ""},
		{Cancelled, runtime.Running, running, runtime.User, "", ""},
		{Finished, runtime.Stopped, stopped, runtime.System, "", ""},
	} {
		verb, reason := consequence(c.from, runtime.Change{Desired: c.wanted, Observed: string(c.seen), Source: c.by})
		require.Equal(t, c.verb, verb, "%+v", c)
		require.Equal(t, c.reason, reason, "%+v", c)
	}
}
