package notification

import (
	"math"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// malformedIntent is an intent and what is wrong with it.
type malformedIntent struct {
	in      Intent
	problem string
}

func malformed(recipient uuid.UUID) []malformedIntent {
	to := []uuid.UUID{recipient}
	return []malformedIntent{
		{Intent{Key: "m0", Recipients: to}, "it has no payload"},
		{Intent{Key: "m1", Recipients: to, Payload: unlisted{}}, "the kind is not in the catalogue"},
		{turnReady("", recipient), "it has no idempotency key"},
		{Intent{Key: "m2", Recipients: to, Payload: ContainerMissing{GameID: theGame.ID}},
			"an operators' kind has no recipients"},
		{turnReady("m3", recipient, uuid.Nil), "a recipient is nobody"},
		{Intent{Key: "m4", Recipients: to, Payload: GameTurnReady{GameRef: GameRef{Name: "First light"}}},
			"the payload lacks game_id"},
		{Intent{Key: "m6", Recipients: to, Payload: RaceNamePending{RaceName: "Zorg", ExpiresAt: noon.AddDate(9000, 0, 0)}},
			"the payload cannot be encoded: json: error calling MarshalJSON for type time.Time: " +
				"Time.MarshalJSON: year outside of range [0,9999]"},
		{Intent{Key: "m5", Recipients: to, Payload: Broadcast{Subject: "NUL\x00", Text: "t"}}, "the payload holds U+0000"},
	}
}

// unlisted is a payload that somebody forgot to enter into the catalogue.
type unlisted struct{}

func (unlisted) Kind() Kind        { return "no.such.kind" }
func (unlisted) required() []field { return nil }

func TestValidateSaysWhatSubmitWouldSay(t *testing.T) {
	t.Parallel()
	for _, c := range malformed(uuid.New()) {
		require.EqualError(t, c.in.Validate(), c.problem)
	}
	require.NoError(t, turnReady("k", uuid.New()).Validate())
	require.NoError(t, turnReady("k").Validate(), "nobody to tell is no mistake")
}

func TestAPayloadLacksWhateverItsKindRequires(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		payload Payload
		want    []string
	}{
		"of a game": {GameStarted{}, []string{"game_id", "game_name"}},
		"an invite": {InviteReceived{},
			[]string{"game_id", "game_name", "inviter_user_id", "inviter_name", "expires_at"}},
		"a revocation":   {InviteRevoked{}, []string{"game_id", "game_name"}},
		"an application": {ApplicationSubmitted{}, []string{"game_id", "game_name", "application_id"}},
		"an approval":    {ApplicationApproved{}, []string{"game_id", "game_name"}},
		"a rejection":    {ApplicationRejected{}, []string{"game_id", "game_name"}},
		"a removal":      {MembershipRemoved{}, []string{"game_id", "game_name"}},
		"a ban":          {MembershipBlocked{}, []string{"game_id", "game_name"}},
		"a name":         {RaceNameRegistered{}, []string{"race_name"}},
		"a pending name": {RaceNamePending{}, []string{"race_name", "expires_at"}},
		"a free name":    {RaceNameExpired{}, []string{"race_name"}},
		"a pause":        {GamePaused{}, []string{"game_id", "game_name", "reason"}},
		"a reminder":     {GameTurnReminder{}, []string{"game_id", "game_name", "deadline"}},
		"a seat":         {GameSeatOffered{}, []string{"game_id", "game_name", "race_name"}},
		"a broadcast":    {Broadcast{}, []string{"subject", "text"}},
		"an image":       {ImagePullFailed{}, []string{"game_id", "image_ref"}},
		"a start":        {ContainerStartFailed{}, []string{"game_id"}},
		"a setting":      {StartConfigInvalid{}, []string{"game_id", "reason"}},
		"a crash":        {ContainerCrashed{}, []string{"game_id"}},
		"a loss":         {ContainerMissing{}, []string{"game_id"}},
		"a container":    {ContainerForeign{}, []string{"container"}},
		"a patch":        {PatchRolledBack{}, []string{"game_id", "reason"}},
		"a failed turn":  {GenerationFailed{}, []string{"game_id", "reason"}},
		"a late turn":    {TurnOverdue{}, []string{"game_id"}},
		"a mismatch":     {StateMismatch{}, []string{"game_id"}},
		"a dead letter":  {MailDeadLettered{}, []string{"delivery_id", "template"}},
	} {
		lacking := []string{}
		for _, f := range c.payload.required() {
			require.True(t, f.empty, "%s: %s", name, f.name)
			lacking = append(lacking, f.name)
		}
		require.Equal(t, c.want, lacking, name)
		require.EqualError(t, Intent{Key: "k", Payload: c.payload}.Validate(), "the payload lacks "+c.want[0], name)
	}
}

func TestExamplesLackNothing(t *testing.T) {
	t.Parallel()
	for name, payload := range examples {
		require.NoError(t, Intent{Key: "k", Payload: payload}.Validate(), name)
		kind, _, _ := strings.Cut(name, " ")
		require.Equal(t, Kind(kind), payload.Kind())
	}
}

func TestOnlyOperatorsKindsHaveNoTable(t *testing.T) {
	t.Parallel()
	for name, payload := range examples {
		_, isPushed := payload.(pushed)
		require.NotEqual(t, catalog[payload.Kind()].operator, isPushed, name)
		_, packed, problem := Intent{Key: "k", Payload: payload}.encode()
		require.Empty(t, problem, name)
		require.Equal(t, isPushed, len(packed) > 0, name)
	}
}

func TestAListOfRacesIsNeverNull(t *testing.T) {
	t.Parallel()
	for _, winners := range []RaceNames{nil, {}} {
		stored, packed, problem := Intent{Key: "k", Payload: GameFinished{GameRef: theGame, Winners: winners}}.encode()
		require.Empty(t, problem)
		require.Contains(t, string(stored), `"winners":[]`)
		require.Equal(t, pack(GameFinished{GameRef: theGame, Winners: RaceNames{}}.table()), packed)
	}
}

func TestANumberOutOfRangeIsCut(t *testing.T) {
	t.Parallel()
	for turn, want := range map[int]int32{
		0: 0, 3: 3, -1: -1, math.MaxInt32 + 1: math.MaxInt32, math.MinInt32 - 1: math.MinInt32,
	} {
		require.Equal(t, want, turnNumber(turn))
	}
}

func TestEscapedBackslashesAreNotTakenForNUL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"a":"\\u0000"}`:         `{"a":"\\u0000"}`,
		`{"a":"\\\u0000"}`:        `{"a":"\\\ufffd"}`,
		`{"a":"\n\u0000\u0000"}`:  `{"a":"\n\ufffd\ufffd"}`,
		`{"a":"\\\\u0000\u0000"}`: `{"a":"\\\\u0000\ufffd"}`,
		`{"a":"\u0001"}`:          `{"a":"\u0001"}`,
		`""`:                      `""`,
	} {
		got, clean := replaceNUL([]byte(text))
		require.Equal(t, want, string(got))
		require.Equal(t, want == text, clean, text)
	}
}
