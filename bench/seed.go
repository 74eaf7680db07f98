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

// How much there is before the first measurement. The numbers of people and of
// people who are invited are primes, so that numbering requests through games
// and people side by side meets every pair once.
const (
	peopleCount = 5003
	inviteGames = 400  // private ones, each of an owner of its own
	invitees    = 4597 // the people behind the owners
	autoGames   = 800  // public ones that seat whoever comes
	listOwners  = 100  // owners of drafts, for the lists
	listDrafts  = 12   // of each

	seatsOfGame   = 100 // the most a game has
	invitesOfGame = 500 // the most a game sends
)

// people is who and what requests are about.
type people struct {
	users    []uuid.UUID
	sessions []uuid.UUID
	invite   []uuid.UUID // games; their owners are the first users
	auto     []uuid.UUID

	// How far the requests of each kind have come, over all processes.
	invited, applied, created atomic.Uint64
}

// lister is the owner of a long list.
func (p *people) lister(i uint64) uuid.UUID { return p.users[inviteGames+int(i%listOwners)] }

// seedPeople writes accounts with their plan and a session each. The product is
// not running: it warms its caches with them.
func (s *stage) seedPeople(ctx context.Context) error {
	p := &people{}
	records := make([]uuid.UUID, peopleCount)
	for i := range peopleCount {
		p.users, p.sessions = append(p.users, newID()), append(p.sessions, newID())
		records[i] = newID()
	}
	s.people = p
	born := time.Now().UTC().Add(-24 * time.Hour)
	copies := []struct {
		table   string
		columns []string
		row     func(i int) []any
	}{
		{"accounts", []string{"user_id", "email", "email_canonical", "user_name", "display_name", "preferred_language", "time_zone", "declared_country", "created_at", "updated_at"},
			func(i int) []any {
				email := fmt.Sprintf("bench-%d@example.com", i)
				return []any{p.users[i], email, email, fmt.Sprintf("player-%08d", i), "Somebody", "en", "Europe/Amsterdam", "NL", born, born}
			}},
		{"entitlement_records", []string{"record_id", "user_id", "plan", "source", "actor", "reason", "starts_at"},
			func(i int) []any {
				return []any{records[i], p.users[i], "permanent", "gift", operatorName, "benchmark", born}
			}},
		{"entitlement_snapshots", []string{"user_id", "record_id", "plan", "starts_at", "updated_at"},
			func(i int) []any { return []any{p.users[i], records[i], "permanent", born, born} }},
		{"device_sessions", []string{"device_session_id", "user_id", "public_key", "status", "device_name", "user_agent", "country", "created_at", "last_seen_at"},
			func(i int) []any {
				key := make([]byte, 32)
				copy(key, p.sessions[i][:])
				return []any{p.sessions[i], p.users[i], key, "active", "bench", "bench/1", "NL", born, born}
			}},
	}
	for _, c := range copies {
		source := pgx.CopyFromSlice(peopleCount, func(i int) ([]any, error) { return c.row(i), nil })
		if _, err := s.product.CopyFrom(ctx, pgx.Identifier{c.table}, c.columns, source); err != nil {
			return fmt.Errorf("seed %s: %w", c.table, err)
		}
	}
	return nil
}

// seedGames has the product make one game of each sort, and copies it: what a
// column holds is the product's word. The product must be started anew after it.
func (s *stage) seedGames(ctx context.Context, p *product) error {
	c := client{base: "http://" + p.http}
	operator := c.operator()
	if err := operator.post(ctx, "/api/v1/admin/engine-versions", map[string]string{"version": "0.1.0", "image_ref": "galaxy-bench/engine:0.1.0"}, nil); err != nil {
		return err
	}
	if err := operator.post(ctx, "/api/v1/admin/engine-versions/0.1.0/default", nil, nil); err != nil {
		return err
	}
	owner := c.user(s.people.users[0])
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
	if s.people.invite, err = s.copies(ctx, private, inviteGames, func(i int) uuid.UUID { return s.people.users[i] }); err != nil {
		return err
	}
	if _, err = s.copies(ctx, draft, listOwners*listDrafts, func(i int) uuid.UUID { return s.people.lister(uint64(i)) }); err != nil {
		return err
	}
	s.people.auto, err = s.copies(ctx, public, autoGames, nil)
	return err
}

// past is how many requests of each kind have been made before anything is
// measured.
const past = 3000

// livePast has the product take commands for a while. Postgres plans for the
// rows it knows of: on tables that were empty a moment ago it reads them whole,
// which no installation of some days does.
func (s *stage) livePast(ctx context.Context, p *product) error {
	for _, to := range s.people.commands(p.http) {
		to.Most = past
		res, err := load.Run(ctx, to, load.Options{Connections: connections, For: time.Minute})
		if err == nil && (res.OK < past-connections || res.Refused+res.Broken > 0) {
			err = errors.New(res.Complaint)
		}
		if err != nil {
			return fmt.Errorf("live a past: %w", err)
		}
	}
	_, err := s.mailed(ctx)
	return err
}

// settlePlans lets Postgres count its rows, as autovacuum does in time.
func (s *stage) settlePlans(ctx context.Context) error {
	_, err := s.product.Exec(ctx, "VACUUM ANALYZE")
	return err
}

const copyGame = `INSERT INTO games SELECT (jsonb_populate_record(g, jsonb_build_object('game_id', n.id, 'owner_id', n.owner,
		'created_by', coalesce(n.owner::text, g.created_by)))).*
	FROM games g, unnest($2::uuid[], $3::uuid[]) AS n (id, owner) WHERE g.game_id = $1`

// copies writes n games like the one given.
func (s *stage) copies(ctx context.Context, game uuid.UUID, n int, owner func(i int) uuid.UUID) ([]uuid.UUID, error) {
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

// newGame is what the product is asked to create.
var newGame = json.RawMessage(`{"name":"The long war","description":"Two turns a day","min_players":100,"max_players":100,` +
	`"turns":{"mode":"interval","interval_seconds":86400}}`)

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// raceName is a name of its own for each person: syllables that no rule about
// lookalikes folds together.
func raceName(i int) string {
	const consonants, vowels = "bdgkpstz", "aeou"
	name := []byte("Ran")
	for range 3 {
		name = append(name, consonants[i%8], vowels[i/8%4])
		i /= 32
	}
	return string(name)
}
