package testkit

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// frame is a message of Postgres' protocol; a kind of 0 is a client's first one.
func frame(kind byte, payload string) []byte {
	var b []byte
	if kind != 0 {
		b = append(b, kind)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)+4))
	return append(b, payload...)
}

func readAll(t *testing.T, next reader) (units [][]byte, messages []Message) {
	t.Helper()
	for {
		unit, m, err := next()
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return units, messages
		}
		units, messages = append(units, bytes.Clone(unit)), append(messages, m)
	}
}

func TestAClientsMessagesAreReadWithTheStatementsTheyRun(t *testing.T) {
	t.Parallel()
	sent := [][]byte{
		frame(0, "\x00\x03\x00\x00user\x00u\x00\x00"),
		frame('P', "stmt_1\x00COMMIT\x00\x00\x00"),
		frame('B', "\x00stmt_1\x00\x00\x00"),
		frame('B', "\x00unknown\x00\x00\x00"),
		frame('Q', "begin\x00"),
		frame('S', ""),
	}
	units, messages := readAll(t, frames(bytes.NewReader(bytes.Join(sent, nil)), true, &statements{}))
	require.Equal(t, sent, units, "the bytes are forwarded as they are")
	var got []string
	for _, m := range messages {
		got = append(got, string(m.Type)+" "+m.Statement)
	}
	require.Equal(t, []string{"\x00 ", "P ", "B COMMIT", "B ", "Q begin", "S "}, got)
}

func TestAServersMessagesHaveATypeFromTheBeginning(t *testing.T) {
	t.Parallel()
	sent := append(frame('R', "\x00\x00\x00\x00"), frame('C', "UPDATE 1\x00")...)
	_, messages := readAll(t, frames(bytes.NewReader(sent), false, nil))
	require.Len(t, messages, 2)
	require.True(t, Completes("UPDATE 1")(messages[1]))
	require.False(t, Completes("UPDATE")(messages[1]), "the tag is compared as a whole")
	require.False(t, Completes("UPDATE 1")(messages[0]))
}

func TestARunStatementIsMatchedByItsBeginning(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		m    Message
		want bool
	}{
		{Message{Type: 'Q', Statement: "commit"}, true},
		{Message{Type: 'B', Statement: "COMMIT AND CHAIN"}, true},
		{Message{Type: 'P', Statement: "COMMIT"}, false},
		{Message{Type: 'Q', Statement: "COMM"}, false},
		{Message{Type: 'Q', Statement: "BEGIN; COMMIT"}, false},
	} {
		require.Equal(t, tc.want, Runs("COMMIT")(tc.m), "%c %s", tc.m.Type, tc.m.Statement)
	}
}

func TestAFrameThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	_, _, err := frames(bytes.NewReader([]byte{'C', 0, 0, 0, 3}), false, nil)()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "a length that does not hold itself")
	_, _, err = frames(bytes.NewReader(frame('C', "UPDATE 1")[:7]), false, nil)()
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}
