package plan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTextOfADaemonIsMadePlain(t *testing.T) {
	t.Parallel()
	require.Equal(t, "no such image [31m", Plain("no such\nimage\x00 \x1b[31m\xff"))
	require.LessOrEqual(t, len(Plain(strings.Repeat("ü", 4000))), maxReason)
}
