package anchor

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const schema = `
CREATE TABLE games (game_id uuid PRIMARY KEY, made integer NOT NULL DEFAULT 0);
CREATE TABLE commands (command_id uuid PRIMARY KEY, game_id uuid NOT NULL REFERENCES games, user_id uuid NOT NULL, message text NOT NULL,
	created_at timestamptz NOT NULL);
CREATE INDEX commands_of_game ON commands (game_id, command_id DESC);
CREATE TABLE events (event_id uuid PRIMARY KEY, user_id uuid NOT NULL, kind text NOT NULL, payload jsonb NOT NULL,
	created_at timestamptz NOT NULL);
CREATE TABLE sign_ins (session_id uuid PRIMARY KEY, user_id uuid NOT NULL, challenge_id uuid NOT NULL, public_key bytea NOT NULL,
	time_zone text NOT NULL, language text NOT NULL, created_at timestamptz NOT NULL);
CREATE TABLE counters (user_id uuid NOT NULL, country text NOT NULL, count bigint NOT NULL, PRIMARY KEY (user_id, country));`

// Prepare creates the anchor's tables, with these games.
func Prepare(ctx context.Context, dsn string, games []uuid.UUID) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return fmt.Errorf("connect to the anchor's database: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, schema); err != nil {
		return fmt.Errorf("create the anchor's tables: %w", err)
	}
	if _, err := conn.Exec(ctx, "INSERT INTO games SELECT unnest($1::uuid[])", games); err != nil {
		return fmt.Errorf("fill the anchor's tables: %w", err)
	}
	_, err = conn.Exec(ctx, "VACUUM ANALYZE")
	return err
}
