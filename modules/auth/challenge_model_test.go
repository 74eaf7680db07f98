package auth_test

import (
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/modules/auth"
	"galaxy/backend/platform/testkit"
)

// challengeModel is the model of challenges: what somebody who asks for codes,
// guesses, waits and confirms may see. It fails on any error that it does not
// foresee.
type challengeModel struct {
	f       *fixture
	cfg     auth.Config
	email   string
	device  device
	live    []*modelChallenge // by age
	created int
	account uuid.UUID
}

type modelChallenge struct {
	id       uuid.UUID
	code     string
	made     time.Time
	attempts int
	session  uuid.UUID
	consumed bool
}

func (m *challengeModel) now() time.Time { return m.f.clock.Now() }

func (m *challengeModel) expired(c *modelChallenge) bool {
	return !m.now().Before(c.made.Add(m.cfg.ChallengeTTL))
}

func (m *challengeModel) send(t *rapid.T) {
	inWindow := 0
	var newest *modelChallenge
	for _, c := range m.live {
		if !c.consumed && !m.expired(c) && m.now().Sub(c.made) < m.cfg.ChallengeThrottleWindow {
			inWindow++
			newest = c
		}
	}
	got, err := m.f.auth.SendCode(m.f.Context(), m.email, "en")
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	if inWindow >= m.cfg.ChallengeThrottleMax {
		if got.ChallengeID != newest.id {
			t.Fatalf("past the throttle: got %s, want the newest %s", got.ChallengeID, newest.id)
		}
		return
	}
	for _, c := range m.live {
		if c.id == got.ChallengeID {
			t.Fatalf("within the throttle an old challenge was answered")
		}
	}
	m.created++
	m.live = append(m.live, &modelChallenge{id: got.ChallengeID, code: m.f.mailer.Codes(m.email)[m.created-1],
		made: m.now()})
}

// allowance is how many more comparisons a challenge allows.
func (m *challengeModel) allowance(c *modelChallenge) int {
	if c.consumed {
		return 2*m.cfg.ChallengeMaxAttempts - c.attempts
	}
	return m.cfg.ChallengeMaxAttempts - c.attempts
}

func (m *challengeModel) confirm(t *rapid.T, right bool) {
	if len(m.live) == 0 {
		t.Skip("no challenge")
	}
	c := m.live[rapid.IntRange(0, len(m.live)-1).Draw(t, "challenge")]
	code := "0000-0000"
	if right {
		code = c.code
	}
	var want error
	switch {
	case m.expired(c) && c.consumed:
		want = auth.ErrCode
	case m.expired(c):
		want = auth.ErrExpired
	case m.allowance(c) <= 0:
		want = auth.ErrExhausted
	case !right || c.consumed && c.session == uuid.Nil:
		want = auth.ErrCode
		c.attempts++
	default:
		c.attempts++
	}
	got, err := m.f.auth.Confirm(m.f.Context(), confirmation(c.id, code, m.device))
	if !errors.Is(err, want) || (want == nil) != (err == nil) {
		t.Fatalf("confirm (right=%t, attempts=%d, consumed=%t): got %v, want %v", right, c.attempts, c.consumed, err, want)
	}
	if err == nil {
		m.signedIn(t, c, got)
	}
}

// confirmInParallel confirms one challenge many times at once from one device, some
// with the right code. Which one is first is open; what all of them may see
// together is not.
func (m *challengeModel) confirmInParallel(t *rapid.T) {
	if len(m.live) == 0 {
		t.Skip("no challenge")
	}
	c := m.live[rapid.IntRange(0, len(m.live)-1).Draw(t, "challenge")]
	if m.expired(c) {
		t.Skip("expired")
	}
	n := rapid.IntRange(2, 6).Draw(t, "calls")
	right := rapid.IntRange(0, n).Draw(t, "right")
	allowed := m.allowance(c)
	made := make([]auth.Session, n)
	counts := countErrors(concurrently(n, func(i int) (err error) {
		code := "0000-0000"
		if i < right {
			code = c.code
		}
		made[i], err = m.f.auth.Confirm(m.f.Context(), confirmation(c.id, code, m.device))
		return err
	}), nil, auth.ErrCode, auth.ErrExhausted)
	if counts[nil]+counts[auth.ErrCode]+counts[auth.ErrExhausted] != n {
		t.Fatalf("at once: %v", counts)
	}
	compared := m.f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges WHERE challenge_id = $1`,
		c.id) - c.attempts
	if compared != counts[nil]+counts[auth.ErrCode] {
		t.Fatalf("at once: %d attempts are recorded, %v were answered", compared, counts)
	}
	repeatable := right > 0 && (!c.consumed || c.session != uuid.Nil)
	switch {
	case counts[nil] > 0 && !repeatable, counts[nil] > right, repeatable && right == n && allowed > 0 && counts[nil] == 0:
		t.Fatalf("at once: %d of %d with the right code got in", counts[nil], right)
	case counts[nil] == 0 && compared != min(n, max(allowed, 0)):
		t.Fatalf("at once: %d of %d were compared, %d were allowed", compared, n, allowed)
	}
	c.attempts += compared
	for _, s := range made {
		if s.ID != uuid.Nil {
			m.signedIn(t, c, s)
		}
	}
}

func (m *challengeModel) signedIn(t *rapid.T, c *modelChallenge, got auth.Session) {
	if m.account == uuid.Nil {
		m.account = got.UserID
	}
	if got.UserID != m.account {
		t.Fatalf("an address has two accounts")
	}
	if c.consumed {
		if got.ID != c.session {
			t.Fatalf("a repeat made another session")
		}
		return
	}
	c.session = got.ID
	for _, other := range m.live {
		if !m.expired(other) {
			other.consumed = true
		}
	}
	// The device's key is the same each time: the session before is replaced, and
	// the challenge that made it answers no more.
	for _, other := range m.live {
		if other != c {
			other.session = uuid.Nil
		}
	}
}

func (m *challengeModel) check(t *rapid.T) {
	if n := m.f.count(`SELECT count(*) FROM auth_challenges WHERE email_canonical = $1`, m.email); n != m.created {
		t.Fatalf("%d challenges, want %d", n, m.created)
	}
	if n := m.f.count(`SELECT count(*) FROM accounts WHERE email_canonical = $1`, m.email); n > 1 {
		t.Fatalf("%d accounts of one address", n)
	}
	if n := m.f.count(`SELECT coalesce(max(cardinality(attempt_ids)), 0) FROM auth_challenges WHERE email_canonical = $1 AND consumed_at IS NULL`, m.email); n > m.cfg.ChallengeMaxAttempts {
		t.Fatalf("%d comparisons of a live challenge", n)
	}
	if n := len(m.f.mailer.Codes(m.email)); n != m.created {
		t.Fatalf("%d mails for %d challenges", n, m.created)
	}
	if n := m.f.count(`SELECT count(*) FROM device_sessions WHERE user_id = $1 AND status = 'active'`, m.account); n > 1 {
		t.Fatalf("%d live sessions with one key", n)
	}
}

func (m *challengeModel) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"send":     m.send,
		"wrong":    func(t *rapid.T) { m.confirm(t, false) },
		"right":    func(t *rapid.T) { m.confirm(t, true) },
		"parallel": m.confirmInParallel,
		"wait": func(t *rapid.T) {
			m.f.clock.Advance(time.Duration(rapid.IntRange(1, 150).Draw(t, "seconds")) * time.Second)
		},
		"": m.check,
	}
}

func modelConfig() auth.Config {
	cfg := defaultConfig()
	cfg.ChallengeMaxAttempts, cfg.ChallengeTTL = 3, 4*time.Minute
	return cfg
}

// checkChallenges checks a service, which may be configured differently, against
// the model of cfg.
func checkChallenges(t rapid.TB, f *fixture, cfg auth.Config) {
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		f.clock.Advance(48 * time.Hour) // past the caps of earlier runs
		m := &challengeModel{f: f, cfg: cfg, email: fmt.Sprintf("run%d@example.org", run), device: newDevice(f)}
		t.Repeat(m.actions())
	})
}

func TestChallengesBehaveAsTheirModel(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, modelConfig())
	checkChallenges(t, f, modelConfig())
}

// A model that no defect makes fail proves nothing. Each mutant is a defect that
// somebody could make: in the configuration that reaches the service, or, by a
// trigger, in a statement.
func TestTheModelOfChallengesDetectsItsMutants(t *testing.T) {
	checks := flag.Lookup("rapid.checks").Value.String()
	require.NoError(t, flag.Set("rapid.checks", "1000")) // it ends with the first that fails
	t.Cleanup(func() { _ = flag.Set("rapid.checks", checks) })
	trigger := func(body string) string {
		return `CREATE FUNCTION mutate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ` + body + ` END $$;;
			CREATE TRIGGER mutant BEFORE UPDATE ON auth_challenges FOR EACH ROW EXECUTE FUNCTION mutate()`
	}
	for name, mutant := range map[string]struct {
		change func(*auth.Config)
		sql    string
	}{
		"one attempt more":        {change: func(c *auth.Config) { c.ChallengeMaxAttempts++ }},
		"one code more":           {change: func(c *auth.Config) { c.ChallengeThrottleMax++ }},
		"a longer life":           {change: func(c *auth.Config) { c.ChallengeTTL += time.Minute }},
		"a shorter window":        {change: func(c *auth.Config) { c.ChallengeThrottleWindow -= 30 * time.Second }},
		"attempts are forgotten":  {sql: trigger(`NEW.attempt_ids := NEW.attempt_ids[cardinality(NEW.attempt_ids):]; RETURN NEW;`)},
		"the others stay live":    {sql: trigger(`IF NEW.consumed_at IS NOT NULL AND NEW.session_id IS NULL THEN RETURN NULL; END IF; RETURN NEW;`)},
		"a repeat finds nothing":  {sql: trigger(`NEW.public_key := NULL; RETURN NEW;`)},
		"an attempt gets lost":    {sql: trigger(`IF NEW.consumed_at IS NULL AND cardinality(NEW.attempt_ids) = 2 THEN RETURN NULL; END IF; RETURN NEW;`)},
		"attempts count twice":    {sql: trigger(`IF NEW.consumed_at IS NULL THEN NEW.attempt_ids := NEW.attempt_ids || NEW.challenge_id; END IF; RETURN NEW;`)},
		"a code is good for ever": {sql: trigger(`NEW.consumed_at := NULL; NEW.session_id := NULL; RETURN NEW;`)},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := modelConfig()
			if mutant.change != nil {
				mutant.change(&cfg)
			}
			f := newFakeMailFixture(t, cfg)
			if mutant.sql != "" {
				f.exec(mutant.sql)
			}
			require.True(t, testkit.DetectsMutant(t, func(t rapid.TB) { checkChallenges(t, f, modelConfig()) }),
				"the model did not detect it")
		})
	}
}
