package game

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestWhichSeatsAreFreeAndWhichRacesAreBanished(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		m     Membership
		free  bool
		cause string
	}{
		"playing":                  {Membership{Founding: true, Status: Active}, false, ""},
		"stays away":               {Membership{Founding: true, Status: Active, Vacant: true}, true, ""},
		"left":                     {Membership{Founding: true, Status: Removed, Reason: ReasonLeft}, true, ""},
		"removed":                  {Membership{Founding: true, Status: Removed, Reason: ReasonRemoved}, true, ""},
		"replaced":                 {Membership{Founding: true, Status: Removed, Reason: ReasonReplaced}, false, ""},
		"banned":                   {Membership{Founding: true, Status: Blocked, Reason: ReasonBanned}, false, CauseBlocked},
		"banned once":              {Membership{Founding: true, Status: Removed, Reason: ReasonBanned}, false, CauseBlocked},
		"account blocked":          {Membership{Founding: true, Status: Removed, Reason: ReasonBlocked}, false, CauseBlocked},
		"account deleted":          {Membership{Founding: true, Status: Removed, Reason: ReasonDeleted}, false, CauseDeleted},
		"left before the launch":   {Membership{Status: Removed, Reason: ReasonLeft}, false, ""},
		"banned before the launch": {Membership{Status: Blocked, Reason: ReasonBanned}, false, ""},
		"gone before the launch":   {Membership{Status: Removed, Reason: ReasonDeleted}, false, ""},
	} {
		require.Equal(t, c.free, c.m.Free(), name)
		require.Equal(t, c.cause, c.m.BanishCause(), name)
	}
}

func TestAnEnrollmentIsOverAtItsDeadline(t *testing.T) {
	t.Parallel()
	ends := noon
	for at, over := range map[time.Duration]bool{-time.Nanosecond: false, 0: true, time.Hour: true} {
		require.Equal(t, over, Game{EnrollmentEndsAt: &ends}.EnrollmentOver(noon.Add(at)), at)
	}
	require.False(t, Game{}.EnrollmentOver(noon), "without a deadline it does not end by itself")
}

func TestAGameIsFullWhenEverySeatIsTaken(t *testing.T) {
	t.Parallel()
	require.False(t, Game{SeatsTaken: 3, MaxPlayers: 4}.Full())
	require.True(t, Game{SeatsTaken: 4, MaxPlayers: 4}.Full())
}

func TestAnActorIsAUserOrAnOperator(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	require.Equal(t, []any{owner, id.String()}, []any{by(id).rank(), by(id).id()})
	require.Equal(t, []any{operator, "root"}, []any{root.rank(), root.id()})
}

func TestAnETagNamesAVersion(t *testing.T) {
	t.Parallel()
	require.Equal(t, `"v7"`, Game{Version: 7}.ETag())
}

func TestWhyAGameFailedIsForThoseWhoManageIt(t *testing.T) {
	t.Parallel()
	ada := uuid.New()
	g := Game{OwnerID: &ada, LastError: "exit code 2", PauseReason: EngineCrashed}
	require.Equal(t, "exit code 2", *ViewFor(by(ada), g).LastError)
	require.Equal(t, "exit code 2", *ViewFor(root, g).LastError)
	require.Nil(t, ViewFor(by(uuid.New()), g).LastError)
	require.Equal(t, EngineCrashed, *ViewFor(by(uuid.New()), g).PauseReason)
	require.Nil(t, ViewFor(root, Game{}).PauseReason, "what is not there is null")
}
