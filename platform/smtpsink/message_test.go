package smtpsink_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
)

func TestTextOfAMessageIsDecoded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ raw, want string }{
		"no type":            {"Subject: a\n\nplain\n", "plain\n"},
		"a type of nonsense": {"Content-Type: ;;\n\nplain\n", "plain\n"},
		"quoted-printable":   {"Content-Type: text/plain\nContent-Transfer-Encoding: Quoted-Printable\n\ngr=C3=BC=\n=C3=9Fe\n", "grüße\n"},
		"base64":             {"Content-Type: text/plain\nContent-Transfer-Encoding: BASE64\n\nZ3LDvMOfZQ==\n", "grüße"},
		"base64 cut short":   {"Content-Transfer-Encoding: base64\n\nZ3LDvMOf!!\n", "grüß"},
		"only HTML":          {"Content-Type: text/html\n\n<b>x</b>\n", ""},
		"no plain part":      {"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n<b>x</b>\n--a--\n", ""},
		"a part behind another": {"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: image/png\n\nPNG\n" +
			"--a\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nb25l\n--a\nContent-Type: text/plain\n\ntwo\n--a--\n", "one"},
		"a multipart without an end": {"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/html\n\n<b>", ""},
	} {
		s, err := smtpsink.OpenStore("", 0)
		require.NoError(t, err)
		m, err := s.Add(smtpsink.Message{Raw: []byte(strings.ReplaceAll(c.raw, "\n", "\r\n"))})
		require.NoError(t, err)
		require.Equal(t, c.want, m.Text, name)
	}
}

func TestSubjectIsDecodedAsFarAsItCanBe(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"Subject: plain": "plain", "Subject: =?utf-8?q?Schl=C3=BCssel?=": "Schlüssel", "Subject: =?utf-8?b?Z3LDvMOfZQ==?= an alle": "grüße an alle",
		"Subject: =?klingon?q?x?=": "=?klingon?q?x?=", "X-Other: 1": "",
	} {
		s, err := smtpsink.OpenStore("", 0)
		require.NoError(t, err)
		m, err := s.Add(smtpsink.Message{Raw: []byte(raw + "\r\nMessage-ID: <1@x>\r\n\r\n")})
		require.NoError(t, err)
		require.Equal(t, want, m.Subject)
		require.Equal(t, "<1@x>", m.MessageID)
	}
}
