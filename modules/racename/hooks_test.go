package racename

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
)

// everyState gives a user a name in each state.
func (f *fixture) everyState(u uuid.UUID) {
	f.Helper()
	f.earn(u, "Zorg")
	f.register(u, "Zorg")
	f.earn(u, "Vogon")
	f.reserve(u, "Klingon")
}

func TestWhatAnAccountLosesWhenItEnds(t *testing.T) {
	t.Parallel()
	for why, kept := range map[user.Reason][]string{
		user.Deleted: {}, user.Erased: {}, user.Blocked: {"registered Zorg"},
	} {
		f := newFixture(t)
		ada, bob := f.addUser(2), f.addUser(2)
		f.everyState(ada)
		f.reserve(bob, "Ferengi")
		for range 2 { // a repeat finds nothing to do
			f.depart(ada, why)
			require.Equal(t, kept, f.namesOf(ada))
			f.checkKeys()
		}
		require.Equal(t, []string{"reserved Ferengi"}, f.namesOf(bob), "others keep theirs")
		f.available(bob, "Klingon", Available)
		f.available(bob, "Vogon", Available)
	}
}

func TestTheRegisteredNamesOfABlockedUserAreNobodysUntilTheAccountIsErased(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(2), f.addUser(2)
	f.everyState(ada)
	f.depart(ada, user.Blocked)
	f.available(bob, "Zorg", Taken)
	require.ErrorIs(t, f.claim(bob, f.addGame(), "zorg"), ErrTaken)
	f.depart(ada, user.Erased)
	f.available(bob, "Zorg", Available)
}

func TestOnlyRegisteredNamesCountAgainstTheLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.everyState(ada)
	for who, want := range map[uuid.UUID]int{ada: 1, uuid.New(): 0} {
		counts, err := f.hooks.Usages[0].Usage(t.Context(), f.db, who)
		require.NoError(t, err)
		require.Equal(t, map[string]int{"registered_race_names": want}, counts)
	}
}

func TestAUserIsToldWhichNamesTheyHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser(2)
	f.everyState(ada)
	export := func(who uuid.UUID) (names []map[string]any) {
		part, err := f.hooks.Exports[0].Export(t.Context(), f.db, who)
		require.NoError(t, err)
		text, err := json.Marshal(part)
		require.NoError(t, err)
		var out map[string][]map[string]any
		require.NoError(t, json.Unmarshal(text, &out))
		require.Len(t, out, 1)
		return out["race_names"]
	}
	names := export(ada)
	require.Len(t, names, 3)
	for i, want := range [][]any{
		{"Zorg", Registered, true, false, false}, {"Vogon", Pending, false, true, false},
		{"Klingon", Reserved, false, false, true},
	} {
		n := names[i]
		require.Equal(t, want, []any{n["race_name"], n["state"], n["registered_at"] != nil, n["expires_at"] != nil,
			n["game_id"] != nil})
	}
	expires, err := time.Parse(time.RFC3339, names[1]["expires_at"].(string))
	require.NoError(t, err)
	require.True(t, expires.Equal(noon.Add(ttl)))
	require.Equal(t, []map[string]any{}, export(uuid.New()), "an empty list, not null")
}
