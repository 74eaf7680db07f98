package lobby

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// mayMove is the part of the diagram that users and operators see: from where a
// verb is theirs. The whole table is held to the diagram where it lives.
var mayMove = map[game.Verb]struct{ owner, operator []game.State }{
	game.Open: {[]game.State{game.Draft}, nil}, game.Close: {[]game.State{game.EnrollmentOpen}, nil}, game.Start: {[]game.State{game.ReadyToStart}, nil}, game.Retry: {[]game.State{game.StartFailed}, nil},
	game.Pause: {[]game.State{game.Running}, nil}, game.Resume: {[]game.State{game.Paused}, nil},
	game.Cancel:     {[]game.State{game.Draft, game.EnrollmentOpen, game.ReadyToStart, game.StartFailed}, []game.State{game.Starting, game.Running, game.Paused}},
	game.ForceStart: {nil, []game.State{game.EnrollmentOpen, game.ReadyToStart}}, game.ForceStop: {nil, []game.State{game.Running, game.Paused}},
}

var states = []game.State{game.Draft, game.EnrollmentOpen, game.ReadyToStart, game.Starting, game.StartFailed, game.Running, game.Paused, game.Finished, game.Cancelled}

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
	for _, from := range states {
		g := l.draft(by(ada))
		l.exec(`UPDATE games SET state = $2, pause_reason = CASE WHEN $2 = 'paused' THEN 'user' END WHERE game_id = $1`, g.ID, string(from))
		before, told := l.fingerprint(), len(l.log.Intents())
		for verb, may := range mayMove {
			for _, who := range []game.Actor{by(ada), root} {
				if slices.Contains(may.owner, from) || who.Operator != "" && slices.Contains(may.operator, from) {
					continue
				}
				_, err := l.Move(t.Context(), who, g.ID, verb)
				refused(t, err, game.ErrState)
				require.Equal(t, before, l.fingerprint(), "%s from %s", verb, from)
			}
		}
		require.Len(t, l.log.Intents(), told)
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
			_, err := l.Move(t.Context(), by(ada), g.ID, game.Open)
			results <- err
		}()
	}
	close(start)
	won := 0
	for range cap(results) {
		if err := <-results; err == nil {
			won++
		} else {
			refused(t, err, game.ErrState)
		}
	}
	require.Equal(t, 1, won)
	require.Equal(t, g.Version+1, l.game(g.ID).Version)
}
