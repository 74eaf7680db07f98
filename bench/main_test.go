package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/bench/internal/load"
)

func done(n int) load.Result { return load.Result{OK: n} }

func TestCostOfAUnitIncludesPostgres(t *testing.T) {
	t.Parallel()
	s := slot{Result: done(1000), server: 300 * time.Millisecond, postgres: 200 * time.Millisecond}
	require.InDelta(t, 500, s.cpu(), 1e-9)
	require.InDelta(t, 500, s.net(), 1e-9, "nothing was deferred")
	require.InDelta(t, 500, s.gross(), 1e-9)
}

func TestDeferredWorkIsSubtractedAtItsOwnCost(t *testing.T) {
	t.Parallel()
	// 1,000 commands; 400 of their mails were deferred and cost 100 ms afterwards.
	// The 600 within the slot are assumed to have cost 150 ms of its 500.
	s := slot{Result: done(1000), server: 300 * time.Millisecond, postgres: 200 * time.Millisecond, deferred: 400, deferredCPU: 100 * time.Millisecond}
	require.InDelta(t, 350, s.net(), 1e-9)
	require.InDelta(t, 600, s.gross(), 1e-9)
	s.deferred, s.deferredCPU = 200, 90*time.Millisecond
	require.InDelta(t, 500, s.net(), 1e-9, "too few were deferred to estimate the cost of one")
	s.deferred, s.deferredCPU = 1600, 100*time.Millisecond // deferred work counts in two queues: the estimate never adds cost
	require.InDelta(t, 500, s.net(), 1e-9)
}

func TestDatabaseCostIncludesDeferredWork(t *testing.T) {
	t.Parallel()
	s := slot{Result: done(1000), server: 300 * time.Millisecond, postgres: 2 * time.Millisecond, deferredPostgres: 3 * time.Millisecond}
	require.InDelta(t, 5, s.database(), 1e-9)
}

func TestRowTakesTheMedianOfTheRatiosOfItsRounds(t *testing.T) {
	t.Parallel()
	spent := func(ms ...int) (out []slot) {
		for _, n := range ms {
			out = append(out, slot{Result: done(1000), server: time.Duration(n) * time.Millisecond})
		}
		return out
	}
	d := comparison{product: spent(15, 45, 18), anchor: spent(10, 30, 15)} // the second round ran on a slower machine
	r := d.row("G1", "read", "CPU µs", 1.4, slot.cpu, slot.cpu)
	require.InDelta(t, 1.5, float64(r.Figure), 1e-9)
	require.InDelta(t, 18, float64(r.Product), 1e-9)
	require.InDelta(t, 15, float64(r.Anchor), 1e-9)
	require.Equal(t, 3, r.Rounds)
	require.Equal(t, "pass", r.verdict())
}

func TestVerdictHasAToleranceUnlessTheLimitIsExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		row  row
		want string
	}{
		{"below", row{Figure: 1.2, Limit: 1.3}, "pass"},
		{"within the tolerance", row{Figure: 1.49, Limit: 1.3}, "pass"},
		{"above", row{Figure: 1.5, Limit: 1.3}, "FAILED"},
		{"exactly", row{Figure: 3000, Limit: 3000, Exact: true}, "pass"},
		{"exact and above", row{Figure: 3001, Limit: 3000, Exact: true}, "FAILED"},
		{"none at all", row{Figure: 0, Exact: true}, "pass"},
		{"one too many", row{Figure: 1, Exact: true}, "FAILED"},
		{"for information", row{Figure: 99}, ""},
		{"not measured", row{Figure: noFigure, Limit: 1.3}, "FAILED"},
		{"broken", row{Figure: 1, Limit: 1.3, Failed: "3 refused"}, "FAILED"},
	} {
		require.Equal(t, c.want, c.row.verdict(), c.name)
	}
}

func TestTableShowsEveryRowAndWhyOneFailed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rows := []row{
		{Goal: "G1", What: "account", Unit: "CPU µs", Product: 31.25, Anchor: 25, Postgres: 0, Figure: 1.25, Ratio: true, Limit: 1.6, Wall: &latency{1500, 9000, 1000, 4000}, Others: 7},
		{Goal: "G12", What: "stop", Unit: "wall ms", Product: 150, Anchor: noFigure, Postgres: noFigure, Figure: 150, Limit: 200, Others: noFigure, Failed: "the stream did not end"},
	}
	require.NoError(t, printTable(&out, rows))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 4)
	require.Regexp(t, `^G1 +account +31\.2 +0\.0 +25\.0 +CPU µs +1\.25x +1\.6 +pass +1\.50/9\.00 +1\.00/4\.00 +7%$`, lines[1])
	require.Regexp(t, `^G12 +stop +150\.0 +- +- +wall ms +150\.00 +200 +FAILED`, lines[2])
	require.Equal(t, "G12 stop: the stream did not end", lines[3])
}

func TestReportIsJSONAlsoWithoutAFigure(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "bench.json")
	require.NoError(t, report{Rows: []row{{Goal: "G1", Product: number(math.NaN()), Figure: 1.23456}}}.write(name))
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var back struct {
		Rows []map[string]any `json:"rows"`
	}
	require.NoError(t, json.Unmarshal(text, &back))
	require.Nil(t, back.Rows[0]["product"])
	require.InDelta(t, 1.235, back.Rows[0]["figure"], 1e-9)
}

func TestRowWithAnErrorHasFailed(t *testing.T) {
	t.Parallel()
	b := &benchmark{}
	b.add(row{Goal: "G2", What: "list", Figure: 1, Limit: 1.4}, errors.New("3 refused"))
	require.Equal(t, "FAILED", b.rows[0].verdict())
}

func TestOptionsAreBounded(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"-rounds", "7", "-seconds", "0.5", "-only", "g1,G12"}, io.Discard)
	require.NoError(t, err)
	require.Equal(t, 500*time.Millisecond, o.slot)
	b := benchmark{options: o}
	require.True(t, b.wanted("G2", "G12"))
	require.False(t, b.wanted("G2", "G3"))
	for _, args := range [][]string{{"-rounds", "0"}, {"-seconds", "0"}, {"-seconds", "600"}, {"-only", "G99"}, {"-nonsense"}} {
		_, err := parseOptions(args, io.Discard)
		require.Error(t, err, "%v", args)
	}
}

func newDataset() *dataset {
	data := &dataset{}
	for range userCount {
		data.users, data.sessions = append(data.users, newID()), append(data.sessions, newID())
	}
	for range inviteGames {
		data.inviteGameIDs = append(data.inviteGameIDs, newID())
	}
	for range autoGames {
		data.autoGameIDs = append(data.autoGameIDs, newID())
	}
	return data
}

func TestEveryRequestHasItsOwnPairOfGameAndUser(t *testing.T) {
	t.Parallel()
	type pair struct{ game, user uint64 }
	for name, c := range map[string]struct{ most, games, users, capacity uint64 }{
		"invitations":  {mostInvitations, inviteGames, invitees, invitesOfGame},
		"applications": {mostApplications, autoGames, userCount, seatsOfGame},
	} {
		seen, of := map[pair]bool{}, map[uint64]uint64{}
		for i := range c.most {
			x := pair{i % c.games, i % c.users}
			require.False(t, seen[x], "%s: request %d", name, i)
			seen[x] = true
			of[x.game]++
			require.LessOrEqual(t, of[x.game], c.capacity, "%s: more than a game allows", name)
		}
	}
}

func TestRaceNamesAreDifferent(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for i := range userCount {
		name := raceName(i)
		require.Regexp(t, `^Ran([bdgkpstz][aeou]){3}$`, name)
		require.False(t, seen[name], name)
		seen[name] = true
	}
}

func TestRequestsHaveTheirContentLength(t *testing.T) {
	t.Parallel()
	data := newDataset()
	n := &pendingSignUps{challenges: []uuid.UUID{newID(), newID()}, keys: [][]byte{make([]byte, 32), make([]byte, 32)}}
	for name, next := range map[string]func([]byte, uint64) []byte{
		"invite": data.invitation, "apply": data.application, "create": data.creation, "bare": data.command, "confirm": n.confirmation(confirmPath),
	} {
		text := string(next(nil, 12345))
		head, body, found := strings.Cut(text, "\r\n\r\n")
		require.True(t, found, name)
		require.Contains(t, head+"\r\n", "\r\nContent-Length: "+itoa(len(body))+"\r\n", name)
		require.True(t, json.Valid([]byte(body)), name)
		require.NotContains(t, head, uuid.Nil.String(), name)
	}
	require.True(t, strings.HasSuffix(string(get(nil, accountPath, data.users[0])), "\r\nX-User-ID: "+data.users[0].String()+"\r\n\r\n"))
}

func itoa(n int) string { text, _ := json.Marshal(n); return string(text) }
