package person

import (
	"strings"
	"testing"
	"time"

	"galaxy/backend/platform/fault"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPlainAddressesAreAcceptedInLowerCase(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada@Example.ORG": "ada@example.org", "a.b+c@x.co": "a.b+c@x.co", "o'neil@mail.example": "o'neil@mail.example",
		"ada@my--mail.Example.org": "ada@my--mail.example.org",
		"ada@xn--exmple-cua.org":   "ada@xn--exmple-cua.org", strings.Repeat("a", 64) + "@example.org": strings.Repeat("a", 64) + "@example.org",
	} {
		got, err := NormalizeEmail(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
}

func TestEverythingElseIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"", "@", "ada", "ada@", "@example.org", "ada@localhost", "ada@example", "ada@@example.org", "a@b@example.org", "ada @example.org", "ada@exa mple.org",
		"ada@[127.0.0.1]", "ada@127.0.0.1", `"ada"@example.org`, "Ada <ada@example.org>", "<ada@example.org>", "ada@example.org,bob@example.org", "ada;bob@example.org",
		"ada\r\nBcc: x@example.org", "ada@example.org\r\n", "ada\x00@example.org", "ada@exämple.org", "аda@example.org", "ada@еxample.org", "ａda@example.org",
		".ada@example.org", "ada.@example.org", "a..b@example.org", "ada@-example.org", "ada@example-.org", "ada@example..org", "ada@.example.org", "ada@example.org.",
		"ada@exa_mple.org", "ada@xn--zzzzzzz999999.org", strings.Repeat("a", 65) + "@example.org", "ada@" + strings.Repeat("a", 64) + ".org",
		"ada@" + strings.Repeat("a.", 130) + "org", "ada(comment)@example.org", "ada@example.org ", " ada@example.org",
	} {
		_, err := NormalizeEmail(in)
		require.ErrorIs(t, err, ErrEmail, "%q", in)
	}
}

func TestTheCanonicalFormIsItsOwnCanonicalForm(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[A-Za-z0-9!#$%&'*+/=?^_{|}~-]{1,12}(\.[A-Za-z0-9]{1,8})?`)
	host := rapid.StringMatching(`[A-Wa-w0-9]{1,10}(-{1,3}[A-Za-z0-9]{1,5})?\.[A-Za-z]{2,6}`) // xn-- would have to be punycode
	rapid.Check(t, func(t *rapid.T) {
		in := word.Draw(t, "local") + "@" + host.Draw(t, "domain")
		once, err := NormalizeEmail(in)
		if err != nil {
			t.Fatalf("%q is an address: %v", in, err)
		}
		twice, err := NormalizeEmail(once)
		upper, upperErr := NormalizeEmail(strings.ToUpper(in))
		if err != nil || upperErr != nil || once != twice || once != upper {
			t.Fatalf("%q: %q, then %q (%v), in capitals %q (%v)", in, once, twice, err, upper, upperErr)
		}
	})
}

func TestNoTextMakesTheRulesPanic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		_, _ = NormalizeEmail(text)
		_, _ = NormalizeTimeZone(text)
		if tag, err := NormalizeLanguage("language", text); err == nil {
			if again, err := NormalizeLanguage("language", tag); err != nil || again != tag {
				t.Fatalf("language %q: %q, then %q (%v)", text, tag, again, err)
			}
		}
		if name, err := NormalizeDisplayName(text); err == nil {
			if again, err := NormalizeDisplayName(name); err != nil || again != name {
				t.Fatalf("display name %q: %q, then %q (%v)", text, name, again, err)
			}
		}
	})
}

func TestEveryZoneOfTheListExistsAndNoOther(t *testing.T) {
	t.Parallel()
	require.Greater(t, len(zones()), 500)
	for name := range zones() {
		_, err := time.LoadLocation(name)
		require.NoError(t, err, name)
	}
	for _, name := range []string{"", "Local", "../../etc/passwd", "europe/amsterdam", "Europe/Amsterdam ", "UTC+1", strings.Repeat("x", 1<<20)} {
		_, err := NormalizeTimeZone(name)
		require.Error(t, err)
	}
	got, err := NormalizeTimeZone("Europe/Amsterdam")
	require.NoError(t, err)
	require.Equal(t, "Europe/Amsterdam", got)
}

func TestLanguagesAreBCP47(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"en": "en", "PT-br": "pt-BR", "zh-hant-tw": "zh-Hant-TW", "sr-Latn": "sr-Latn"} {
		got, err := NormalizeLanguage("language", in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"", "und", "../../etc", "english", "e", strings.Repeat("a-", 50)} {
		_, err := NormalizeLanguage("preferred_language", in)
		require.ErrorContains(t, err, "validation_failed", in)
	}
}

func TestADisplayNameIsVisibleAndShort(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"  Ada ": "Ada", "Zoë": "Zoë", "Ада Лавлейс": "Ада Лавлейс", "e\u0301": "é", strings.Repeat("x", 40): strings.Repeat("x", 40)} {
		got, err := NormalizeDisplayName(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
	for _, in := range []string{"", "  ", strings.Repeat("x", 41), "a\nb", "a\x00", "\u202eevil", "a\u200bb", string([]byte{0xff})} {
		_, err := NormalizeDisplayName(in)
		require.Error(t, err, "%q", in)
	}
}

func TestAMaskedAddressShowsOneLetterAndTheHost(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ada@example.org": "a***@example.org", "a@example.org": "a***@example.org", "nonsense": "***", "@example.org": "***", "": "***",
	} {
		require.Equal(t, want, MaskEmail(in), in)
	}
}

// Clients show a message at the field, and choose it by the code.
func TestARefusalNamesTheFieldAndACode(t *testing.T) {
	t.Parallel()
	_, email := NormalizeEmail("nonsense")
	_, zone := NormalizeTimeZone("nonsense")
	_, language := NormalizeLanguage("preferred_language", "nonsense!")
	_, name := NormalizeDisplayName("")
	for _, c := range []struct {
		err         error
		field, code string
	}{
		{email, "email", "invalid_email"},
		{zone, "time_zone", "unknown_value"},
		{language, "preferred_language", "invalid_format"},
		{name, "display_name", "invalid_format"},
	} {
		var f *fault.Error
		require.ErrorAs(t, c.err, &f)
		require.Equal(t, fault.Unprocessable, f.Code)
		require.Equal(t, "validation_failed", f.Reason)
		require.Len(t, f.Fields, 1)
		require.Equal(t, []string{c.field, c.code}, []string{f.Fields[0].Name, f.Fields[0].Code})
		require.NotEmpty(t, f.Fields[0].Message)
	}
}

func TestUserNamesAreDrawnFromMany(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 2000 {
		name := NewUserName()
		require.Regexp(t, `^player-[a-z0-5]{8}$`, name)
		require.False(t, seen[name], "40 random bits do not repeat within 2000 draws")
		seen[name] = true
	}
}
