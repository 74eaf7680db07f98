package game

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/testkit"
)

// userVerbs are those that users and operators have.
var userVerbs = []Verb{Open, Close, Start, Retry, Pause, Resume, Cancel, ForceStart, ForceStop}

// force puts a game into a state, past all rules.
func (f *fixture) force(g Game, to State) {
	f.Helper()
	f.exec(`UPDATE games SET state = $2, pause_reason = CASE WHEN $2 = 'paused' THEN 'user' END WHERE game_id = $1`,
		g.ID, string(to))
}

func TestAnIllegalMoveChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	for _, from := range States() {
		g := f.draft(by(ada))
		f.force(g, from)
		before := f.fingerprint()
		for _, verb := range userVerbs {
			for _, who := range []Actor{by(ada), root} {
				if _, may := mayMove(who.rank(), from, verb); may {
					continue
				}
				_, err := f.s.Move(t.Context(), who, g.ID, verb)
				require.ErrorIs(t, err, ErrState)
				require.Equal(t, before, f.fingerprint(), "%s from %s", verb, from)
			}
		}
	}
	require.Empty(t, f.intents.Intents())
	require.Empty(t, f.observer.changes)
	require.Empty(t, f.auditor.Entries())
}

func TestARefusedMoveNamesBothStates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.draft(by(ada))
	_, err := f.s.Move(t.Context(), by(ada), g.ID, Start)
	require.Equal(t, map[string]any{"state": Draft, "wanted": Starting}, fault.From(err).Details)
	reply := f.api.User(ada).Post(userGames+"/"+g.ID.String()+"/start", nil).Refused(409, "game_state_conflict")
	body := string(reply.Body)
	require.True(t, strings.Contains(body, `"draft"`) && strings.Contains(body, `"starting"`), body)
}

func TestAMoveOfAGameThatDoesNotExistIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, verb := range userVerbs {
		_, err := f.s.Move(t.Context(), root, unknownGame, verb)
		require.ErrorIs(t, err, ErrNotFound, verb)
	}
}

func TestOfManyMovesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.draft(by(ada))
	succeeded, failures := testkit.AtOnce(make([]struct{}, 8), func(struct{}) error {
		_, err := f.s.Move(t.Context(), by(ada), g.ID, Open)
		return err
	})
	require.Equal(t, 1, succeeded)
	for _, err := range failures {
		require.ErrorIs(t, err, ErrState)
	}
	require.Equal(t, g.Version+1, f.game(g.ID).Version)
}

func TestAnOperatorsMoveIsAuditedUnderItsVerb(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.draft(root)
	f.move(root, g.ID, Open, Cancel)
	require.Equal(t, []string{"game.create", "game.open", "game.cancel"}, f.auditor.Actions())
	entry := f.auditor.Entries()[1]
	require.Equal(t, []any{Draft, EnrollmentOpen}, []any{
		entry.Before.(map[string]any)["state"], entry.After.(map[string]any)["state"]})
}

func TestEveryStateIsListedOnceInTheOrderOfAGamesLife(t *testing.T) {
	t.Parallel()
	all := States()
	require.Len(t, all, 9)
	require.Equal(t, Draft, all[0])
	for _, tr := range transitions {
		require.Contains(t, all, tr.to)
		for _, from := range tr.from {
			require.Contains(t, all, from)
			require.False(t, from.Terminal(), "%s leads out of %s", tr.verb, from)
		}
	}
	slices.Sort(all)
	require.Len(t, slices.Compact(all), 9)
}
