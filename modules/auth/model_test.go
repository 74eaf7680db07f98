package auth

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/secret"
)

func TestACodeIsReadInAnyNotation(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"K7QM-3XZP", "K7QM3XZP", "k7qm 3xzp", " K7Q M3X-ZP ", "k7qm-3xzp"} {
		code, ok := normalizeCode(written)
		require.True(t, ok, written)
		require.Equal(t, "K7QM3XZP", code)
	}
	code, ok := normalizeCode("oil0-1OIL") // O is 0, I and L are 1
	require.True(t, ok)
	require.Equal(t, "01101011", code)
}

func TestMalformedCodesAreRefused(t *testing.T) {
	t.Parallel()
	for _, written := range []string{"", "K7QM-3XZ", "K7QM-3XZPP", "K7QM_3XZP", "K7QU-3XZP", "Ｋ7QM3XZP", "K7QM３XZP",
		"K7QM3XZ\x00", strings.Repeat("K", 10_000)} {
		_, ok := normalizeCode(written)
		require.False(t, ok, written)
	}
}

func TestEveryFormattedCodeIsReadAsItself(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2000 {
		code := newCode()
		back, ok := normalizeCode(strings.ToLower(formatCode(code)))
		require.True(t, ok)
		require.Equal(t, code, back)
		require.False(t, seen[code], "40 random bits do not repeat within 2000 draws")
		seen[code] = true
	}
}

func TestACodeIsBoundToItsChallengeAndKey(t *testing.T) {
	t.Parallel()
	one, other := uuid.New(), uuid.New()
	old, now := keyring{[]byte("old")}, keyring{[]byte("new"), []byte("old")}
	sum := old.sign(one, "K7QM3XZP")
	require.True(t, old.verify(one, "K7QM3XZP", sum))
	require.True(t, now.verify(one, "K7QM3XZP", sum), "a rotated key still verifies")
	require.False(t, now.verify(other, "K7QM3XZP", sum))
	require.False(t, now.verify(one, "K7QM3XZQ", sum))
	require.False(t, keyring{[]byte("new")}.verify(one, "K7QM3XZP", sum))
}

// The points of order 1, 2, 4 and 8, and encodings that are not canonical: with
// the first, crypto/ed25519 accepts one signature for any message.
var badPoints = []string{
	"0100000000000000000000000000000000000000000000000000000000000000",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000080",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
	"0100000000000000000000000000000000000000000000000000000000000080",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0200000000000000000000000000000000000000000000000000000000000000",
}

func TestKeysOfSmallOrderAreRefused(t *testing.T) {
	t.Parallel()
	for _, point := range badPoints {
		raw, err := hex.DecodeString(point)
		require.NoError(t, err)
		_, err = parsePublicKey(base64.StdEncoding.EncodeToString(raw))
		require.ErrorIs(t, err, ErrPublicKey, point)
	}
}

func TestOnlyOneSpellingOfAKeyIsAccepted(t *testing.T) {
	t.Parallel()
	key, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	text := base64.StdEncoding.EncodeToString(key)
	got, err := parsePublicKey(text)
	require.NoError(t, err)
	require.Equal(t, []byte(key), got)
	raw := []byte(key)
	for name, spelled := range map[string]string{
		"31 bytes":   base64.StdEncoding.EncodeToString(raw[:31]),
		"33 bytes":   base64.StdEncoding.EncodeToString(append(raw[:32:32], 0)),
		"no padding": strings.TrimRight(text, "="), "newline": text[:20] + "\n" + text[20:],
		"PEM":          "-----BEGIN PUBLIC KEY-----",
		"url alphabet": "__" + text[2:], "empty": "", "junk behind": text + "A", "stray bits": text[:42] + "/=",
	} {
		_, err := parsePublicKey(spelled)
		require.ErrorIs(t, err, ErrPublicKey, name)
	}
}

func TestEveryAcceptedKeyIsEncodedAsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		text := base64.StdEncoding.EncodeToString(raw)
		if key, err := parsePublicKey(text); err == nil && encodePublicKey(key) != text {
			t.Fatalf("%s reads back as %s", text, encodePublicKey(key))
		}
	})
}

func TestANetworkIsAnIPv4AddressOrAnIPv6Prefix(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64",
	} {
		require.Equal(t, want, network(netip.MustParseAddr(in)))
	}
	require.Empty(t, network(netip.Addr{}))
}

func TestConfigurationNamesEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	ok := Config{ChallengeTTL: 10 * time.Minute, ChallengeMaxAttempts: 5, ChallengeThrottleWindow: time.Minute,
		ChallengeThrottleMax: 3,
		UsernameMaxRetries:   10, SessionsMax: 20}
	require.NoError(t, ok.Validate())
	bad := Config{ChallengeTTL: 25 * time.Hour, CodeKey: secret.New("short")}
	err := bad.Validate()
	for _, name := range []string{"CHALLENGE_TTL", "CHALLENGE_MAX_ATTEMPTS", "THROTTLE_WINDOW", "THROTTLE_MAX",
		"USERNAME_MAX_RETRIES", "SESSIONS_MAX", "CODE_KEY"} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "short")
	require.Error(t, CacheConfig{}.Validate())
}
