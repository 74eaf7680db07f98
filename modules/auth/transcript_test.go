package auth_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

const guide = "../../docs/identity.md"

var record = flag.Bool("record", false, "write what is answered into the guide's transcript")

// The transcript of the guide is a script: every command in it is run, as a
// gateway, a user and an operator would, and has to be answered as it says. What
// differs from run to run is compared by its shape. Every operation of the identity
// domains occurs.
func TestTheTranscriptOfTheGuideIsUpToDate(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(guide)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), "```console\n")
	require.True(t, ok)
	old, after, ok := strings.Cut(rest, "```")
	require.True(t, ok)
	s := newShell(newFixture(t))
	replayed := s.replay(old)
	if *record {
		require.NoError(t, os.WriteFile(guide, []byte(before+"```console\n"+replayed+"```"+after), 0o600))
		old = replayed
	}
	require.Equal(t, shape(old), shape(replayed), "go test ./modules/auth -run Transcript -record writes it anew")
	require.Empty(t, s.notSeen(), "operations that the guide does not show")
}

// generated is what differs from run to run.
var generated = []struct {
	pattern     *regexp.Regexp
	placeholder string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`[A-Za-z0-9+/]{43}=`), "KEY"},
	{regexp.MustCompile(`CODE=[0-9A-Z]{4}-[0-9A-Z]{4}`), "CODE"},
	{regexp.MustCompile(`player-[a-z0-9]{8}`), "NAME"},
}

func shape(transcript string) string {
	for _, v := range generated {
		transcript = v.pattern.ReplaceAllString(transcript, v.placeholder)
	}
	return transcript
}

// shell understands what the transcript uses of bash and curl.
type shell struct {
	*fixture
	vars  map[string]string
	email string          // the last address that a code was asked for
	seen  map[string]bool // operations
}

func newShell(f *fixture) *shell {
	return &shell{fixture: f, seen: map[string]bool{}, vars: map[string]string{
		"J": "Content-Type: application/json", "P": "/api/v1/public/auth", "I": "/api/v1/internal", "U": "/api/v1/user",
		"A":        "/api/v1/admin",
		"OPERATOR": operator + ":" + password, "KEY": newDevice(f).publicKey()}}
}

// replay runs a transcript and returns it as it went this time.
func (s *shell) replay(transcript string) string {
	s.Helper()
	var out strings.Builder
	for line := range strings.Lines(transcript) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "$ curl "):
			fmt.Fprintf(&out, "%s\n%s\n", line, s.curl(line[len("$ curl "):]))
		case strings.HasPrefix(line, "CODE="):
			s.vars["CODE"] = s.mailedCode(s.email)
			fmt.Fprintf(&out, "CODE=%s\n", s.vars["CODE"])
		case strings.HasPrefix(line, "KEY="):
			s.vars["KEY"] = newDevice(s).publicKey()
			fmt.Fprintf(&out, "KEY=%s\n", s.vars["KEY"])
		case line == "" || line[0] == '#':
			fmt.Fprintln(&out, line)
		}
	}
	return out.String()
}

// maxAnswer is how much of an answer is shown, in bytes.
const maxAnswer = 400

func (s *shell) curl(command string) string {
	s.Helper()
	method, url, body, api := "", "", "", s.api.With("User-Agent", "curl/8.5.0")
	words := s.words(command)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "-X":
			i++
			method = words[i]
		case "-H":
			i++
			if name, value, _ := strings.Cut(words[i], ": "); name != "Content-Type" {
				api = api.With(name, value)
			}
		case "-d":
			i++
			body = words[i]
		case "-u":
			i++
			name, secret, _ := strings.Cut(words[i], ":")
			api = api.Admin(name, secret)
		default:
			url = words[i]
		}
	}
	if strings.HasSuffix(url, "/country-counters") {
		require.NoError(s, s.geo.Flush(s.Context()))
	}
	reply := s.call(api, method, url, body)
	s.keepIDs(url, body, reply)
	answer := strings.TrimSpace(fmt.Sprint(reply.Status, " ", string(reply.Body)))
	if len(answer) > maxAnswer {
		answer = answer[:maxAnswer] + " …"
	}
	return answer
}

func (s *shell) call(api *testkit.API, method, url, body string) testkit.Reply {
	s.Helper()
	if body == "" {
		method = cmp.Or(method, http.MethodGet)
		s.markSeen(method, url)
		return api.Call(method, url, nil)
	}
	method = cmp.Or(method, http.MethodPost)
	s.markSeen(method, url)
	return api.Call(method, url, body)
}

// words splits a command: single quotes keep everything, elsewhere variables are
// put in.
func (s *shell) words(command string) []string {
	s.Helper()
	command = regexp.MustCompile(`"\$\(body ([^)]*)\)"`).ReplaceAllStringFunc(command, func(call string) string {
		code := s.expand(strings.TrimSuffix(strings.TrimPrefix(call, `"$(body `), `)"`))
		return fmt.Sprintf(`'{"challenge_id":"%s","code":"%s","client_public_key":"%s","time_zone":"Europe/Amsterdam","language":"en","device":{"name":"Pixel 9"}}'`,
			s.vars["CH"], code, s.vars["KEY"])
	})
	var words []string
	word, open, bare := "", false, ""
	flush := func() { word, bare = word+s.expand(bare), "" }
	quote := byte(0)
	for i := range len(command) {
		switch c := command[i]; {
		case quote == '\'' && c == '\'', quote == '"' && c == '"':
			if quote == '"' {
				flush()
			}
			quote = 0
		case quote == '\'':
			word += string(c)
		case quote == 0 && (c == '\'' || c == '"'):
			flush()
			quote, open = c, true
		case quote == 0 && c == ' ':
			flush()
			if word != "" || open {
				words = append(words, word)
			}
			word, open = "", false
		default:
			bare += string(c)
		}
	}
	flush()
	return append(words, word)
}

func (s *shell) expand(text string) string {
	s.Helper()
	return os.Expand(text, func(name string) string {
		require.Contains(s, s.vars, name, "the transcript uses a variable before it has a value")
		return s.vars[name]
	})
}

// keepIDs sets the variables that later commands use.
func (s *shell) keepIDs(url, body string, reply testkit.Reply) {
	s.Helper()
	if reply.Status >= http.StatusMultipleChoices || len(reply.Body) == 0 {
		return
	}
	var asked struct{ Email string }
	_ = json.Unmarshal([]byte(body), &asked)
	s.email = cmp.Or(asked.Email, s.email)
	var got map[string]any
	require.NoError(s, json.Unmarshal(reply.Body, &got))
	for field, name := range map[string]string{"challenge_id": "CH", "device_session_id": "SESSION", "user_id": "ME",
		"sanction_id": "SANCTION"} {
		if id, ok := got[field].(string); ok && (name != "SESSION" || strings.HasSuffix(url, "/confirm-email-code")) {
			s.vars[name] = id
		}
	}
}

// markSeen marks the operation of a call.
func (s *shell) markSeen(method, url string) {
	url, _, _ = strings.Cut(url, "?")
	for surface, prefix := range map[httpx.Surface]string{httpx.SurfacePublic: "/api/v1/public",
		httpx.SurfaceInternal: "/api/v1/internal",
		httpx.SurfaceUser:     "/api/v1/user", httpx.SurfaceAdmin: "/api/v1/admin"} {
		for op, r := range s.routes(surface) {
			pattern := regexp.MustCompile(`\\\{[a-z_]+\\\}`).ReplaceAllString(regexp.QuoteMeta(prefix+r.Path), "[^/]+")
			// A fixed path wins over one with a parameter.
			if r.Method == method && (prefix+r.Path == url || regexp.MustCompile("^"+pattern+"$").MatchString(url)) {
				s.seen[op] = true
			}
		}
	}
}

// notSeen lists the operations that no command called.
func (s *shell) notSeen() []string {
	var ops []string
	for _, surface := range []httpx.Surface{httpx.SurfacePublic, httpx.SurfaceInternal, httpx.SurfaceUser,
		httpx.SurfaceAdmin} {
		for op := range s.routes(surface) {
			if !s.seen[op] {
				ops = append(ops, op)
			}
		}
	}
	slices.Sort(ops)
	return ops
}
