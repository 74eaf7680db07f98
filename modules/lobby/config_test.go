package lobby

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAConfigurationNamesTheVariableThatIsWrong(t *testing.T) {
	t.Parallel()
	for ttl, wrong := range map[time.Duration]bool{
		-time.Second: true, 0: true, time.Second: false, maxInviteTTL: false, maxInviteTTL + time.Second: true,
	} {
		err := Config{InviteDefaultTTL: ttl}.Validate()
		if wrong {
			require.ErrorContains(t, err, "BACKEND_LOBBY_INVITE_DEFAULT_TTL", ttl)
			continue
		}
		require.NoError(t, err, ttl)
	}
}
