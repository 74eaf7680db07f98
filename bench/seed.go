package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"galaxy/backend/bench/internal/load"
)

// How many rows there are before the first measurement. The numbers of users and
// of invited users are primes, so that counting requests through games and users
// at the same time gives every pair once.
const (
	userCount   = 5003
	inviteGames = 400  // private games, each of another owner
	invitees    = 4597 // the users after the owners
	autoGames   = 800  // public games that accept every application
	listOwners  = 100  // owners of drafts, for the lists
	listDrafts  = 12   // of each

	seatsOfGame   = 100 // the maximum of a game
	invitesOfGame = 500 // the maximum of a game
)

// dataset is the users and games that requests refer to.
type dataset struct {
	users         []uuid.UUID
	sessions      []uuid.UUID
	inviteGameIDs []uuid.UUID // games; their owners are the first users
	autoGameIDs   []uuid.UUID

	// How many requests of each kind were sent, over all processes.
	invited, applied, created atomic.Uint64
}

// listOwner is a user who owns a long list of drafts.
func (data *dataset) listOwner(i uint64) uuid.UUID { return data.users[inviteGames+int(i%listOwners)] }

// seedUsers writes accounts with their plan and a session each. The product must
// not be running: it warms its caches with them at its start.
func (s *testbed) seedUsers(ctx context.Context) error {
	data := &dataset{}
	records := make([]uuid.UUID, userCount)
	for i := range userCount {
		data.users, data.sessions = append(data.users, newID()), append(data.sessions, newID())
		records[i] = newID()
	}
	s.data = data
	born := time.Now().UTC().Add(-24 * time.Hour)
	copies := []struct {
		table   string
		columns []string
		row     func(i int) []any
	}{
		{"accounts", []string{"user_id", "email", "email_canonical", "user_name", "display_name", "preferred_language", "time_zone", "declared_country", "created_at", "updated_at"},
			func(i int) []any {
				email := fmt.Sprintf("bench-%d@example.com", i)
				return []any{data.users[i], email, email, fmt.Sprintf("player-%08d", i), "Somebody", "en", "Europe/Amsterdam", "NL", born, born}
			}},
		{"entitlement_records", []string{"record_id", "user_id", "plan", "source", "actor", "reason", "starts_at"},
			func(i int) []any {
				return []any{records[i], data.users[i], "permanent", "gift", operatorName, "benchmark", born}
			}},
		{"entitlement_snapshots", []string{"user_id", "record_id", "plan", "starts_at", "updated_at"},
			func(i int) []any { return []any{data.users[i], records[i], "permanent", born, born} }},
		{"device_sessions", []string{"device_session_id", "user_id", "public_key", "status", "device_name", "user_agent", "country", "created_at", "last_seen_at"},
			func(i int) []any {
				key := make([]byte, 32)
				copy(key, data.sessions[i][:])
				return []any{data.sessions[i], data.users[i], key, "active", "bench", "bench/1", "NL", born, born}
			}},
	}
	for _, c := range copies {
		source := pgx.CopyFromSlice(userCount, func(i int) ([]any, error) { return c.row(i), nil })
		if _, err := s.product.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, source); err != nil {
			return fmt.Errorf("seed %s: %w", c.table, err)
		}
	}
	return nil
}

// seedGames has the product create one game of each kind, and copies it, so that
// every column has the product's own value. The product must be restarted after it.
func (s *testbed) seedGames(ctx context.Context, p *product) error {
	c := client{base: "http://" + p.http}
	operator := c.operator()
	if err := operator.post(ctx, "/api/v1/admin/engine-versions", map[string]string{"version": "0.1.0", "image_ref": "galaxy-bench/engine:0.1.0"}, nil); err != nil {
		return err
	}
	if err := operator.post(ctx, "/api/v1/admin/engine-versions/0.1.0/default", nil, nil); err != nil {
		return err
	}
	owner := c.user(s.data.users[0])
	public, err := operator.game(ctx, "/api/v1/admin/games")
	if err != nil {
		return err
	}
	draft, err := owner.game(ctx, "/api/v1/user/lobby/games")
	if err != nil {
		return err
	}
	private, err := owner.game(ctx, "/api/v1/user/lobby/games")
	if err != nil {
		return err
	}
	for _, path := range []string{"/api/v1/admin/games/" + public.String(), "/api/v1/admin/games/" + private.String()} {
		if err := operator.post(ctx, path+"/open", nil, nil); err != nil {
			return err
		}
	}
	if s.data.inviteGameIDs, err = s.copyGames(ctx, private, inviteGames, func(i int) uuid.UUID { return s.data.users[i] }); err != nil {
		return err
	}
	if _, err = s.copyGames(ctx, draft, listOwners*listDrafts, func(i int) uuid.UUID { return s.data.listOwner(uint64(i)) }); err != nil {
		return err
	}
	s.data.autoGameIDs, err = s.copyGames(ctx, public, autoGames, nil)
	return err
}

// warmUpRequests is the number of requests of each kind before the first
// measurement.
const warmUpRequests = 3000

// warmUpDatabase has the product execute commands for a while. Postgres plans by
// its statistics: for tables that were empty a moment ago it plans sequential
// scans, which does not happen in an installation that has run for some days.
func (s *testbed) warmUpDatabase(ctx context.Context, p *product) error {
	for _, to := range s.data.commands(p.http) {
		to.MaxRequests = warmUpRequests
		res, err := load.Run(ctx, to, load.Options{Connections: connections, For: time.Minute})
		if err == nil && (res.OK < warmUpRequests-connections || res.Refused+res.Broken > 0) {
			err = errors.New(res.FirstError)
		}
		if err != nil {
			return fmt.Errorf("warm up the database: %w", err)
		}
	}
	_, err := s.drainMail(ctx)
	return err
}

// vacuumAnalyze updates Postgres' statistics, as autovacuum does over time.
func (s *testbed) vacuumAnalyze(ctx context.Context) error {
	_, err := s.product.Exec(ctx, "VACUUM ANALYZE")
	return err
}

const copyGame = `INSERT INTO games SELECT (jsonb_populate_record(g, jsonb_build_object('game_id', n.id, 'owner_id', n.owner,
		'created_by', coalesce(n.owner::text, g.created_by)))).*
	FROM games g, unnest($2::uuid[], $3::uuid[]) AS n (id, owner) WHERE g.game_id = $1`

// copyGames writes n copies of a game.
func (s *testbed) copyGames(ctx context.Context, game uuid.UUID, n int, owner func(i int) uuid.UUID) ([]uuid.UUID, error) {
	ids, owners := make([]uuid.UUID, n), make([]*uuid.UUID, n)
	for i := range n {
		ids[i] = newID()
		if owner != nil {
			id := owner(i)
			owners[i] = &id
		}
	}
	if _, err := s.product.Exec(ctx, copyGame, game, ids, owners); err != nil {
		return nil, fmt.Errorf("copy games: %w", err)
	}
	return ids, nil
}

// newGame is the body of a request that creates a game.
var newGame = json.RawMessage(`{"name":"The long war","description":"Two turns a day","min_players":100,"max_players":100,` +
	`"turns":{"mode":"interval","interval_seconds":86400}}`)

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// raceName is a unique name for each user, of syllables that no rule about
// similar names treats as equal.
func raceName(i int) string {
	const consonants, vowels = "bdgkpstz", "aeou"
	name := []byte("Ran")
	for range 3 {
		name = append(name, consonants[i%8], vowels[i/8%4])
		i /= 32
	}
	return string(name)
}
