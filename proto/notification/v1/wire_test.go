package notificationv1_test

import (
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"
	"github.com/stretchr/testify/require"

	notificationv1 "galaxy/backend/proto/notification/v1"
)

func TestPayloadReadsBackAsItWasPacked(t *testing.T) {
	t.Parallel()
	want := notificationv1.GameTurnReadyT{GameId: "019aa000-0000-7000-8000-000000000001", GameName: "Вега", Turn: 12, NextTurnAtMs: 1_764_000_000_000}

	got := notificationv1.GetRootAsGameTurnReady(pack(want.Pack), 0).UnPack()

	require.Equal(t, want, *got)
}

func TestAbsentFieldsReadAsZero(t *testing.T) {
	t.Parallel()
	got := notificationv1.GetRootAsGameFinished(pack((&notificationv1.GameFinishedT{Turn: 3}).Pack), 0)

	require.Empty(t, got.GameId())
	require.Zero(t, got.WinnersLength())
	require.EqualValues(t, 3, got.Turn())
}

// Clients in the field decode by slot: moving a field breaks them although both
// sides still compile.
func TestFieldsOfSourceKeepTheirSlots(t *testing.T) {
	t.Parallel()
	invite := flatbuffers.Table{}
	buf := pack((&notificationv1.LobbyInviteReceivedT{GameId: "game", InviterUserId: "inviter"}).Pack)
	invite.Bytes, invite.Pos = buf, flatbuffers.GetUOffsetT(buf)

	require.Equal(t, "game", text(invite, 0))
	require.Equal(t, "inviter", text(invite, 1))
}

func pack(write func(*flatbuffers.Builder) flatbuffers.UOffsetT) []byte {
	b := flatbuffers.NewBuilder(256)
	b.Finish(write(b))
	return b.FinishedBytes()
}

func text(t flatbuffers.Table, slot int) string {
	o := flatbuffers.UOffsetT(t.Offset(flatbuffers.VOffsetT(4 + 2*slot)))
	return string(t.ByteVector(o + t.Pos))
}
