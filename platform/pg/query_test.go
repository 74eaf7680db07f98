package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestIDsTravelAsBytes(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	id, other := uuid.Must(uuid.NewV7()), uuid.New()
	back, err := pg.Get[uuid.UUID](t.Context(), db, `SELECT $1::uuid`, id)
	require.NoError(t, err)
	require.Equal(t, id, back)
	all, err := pg.All[uuid.UUID](t.Context(), db, `SELECT unnest($1::uuid[])`, []uuid.UUID{id, other})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{id, other}, all)
	type row struct {
		ID   uuid.UUID   `db:"id"`
		None *uuid.UUID  `db:"none"`
		Some *uuid.UUID  `db:"some"`
		Many []uuid.UUID `db:"many"`
	}
	const read = `SELECT $1::uuid AS id, $2::uuid AS none, $3::uuid AS some, $4::uuid[] AS many`
	r, err := pg.Get[row](t.Context(), db, read, id, (*uuid.UUID)(nil), &other, []uuid.UUID{other})
	require.NoError(t, err)
	require.Equal(t, row{ID: id, Some: &other, Many: []uuid.UUID{other}}, r)
	text, err := pg.Get[string](t.Context(), db, `SELECT $1::text`, id.String())
	require.NoError(t, err)
	require.Equal(t, id.String(), text)
}

func TestRowsAreMappedByColumnAndTimesAreUTC(t *testing.T) {
	t.Parallel()
	db := items(t)
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("CEST", 7200))
	const insert = `INSERT INTO items (id, name, at, tags) VALUES (1, 'a', $1, $2), (2, NULL, NULL, NULL)`
	exec(t, db, insert, at, []string{"x", "y"})
	type item struct {
		ID   int        `db:"id"`
		Name *string    `db:"name"`
		At   *time.Time `db:"at"`
		Tags []string   `db:"tags"`
	}
	rows, err := pg.All[item](t.Context(), db, `SELECT id, name, at, tags FROM items ORDER BY id`)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, time.UTC, rows[0].At.Location())
	require.True(t, rows[0].At.Equal(at))
	require.Equal(t, []string{"x", "y"}, rows[0].Tags)
	require.Nil(t, rows[1].Name)

	none, err := pg.All[item](t.Context(), db, `SELECT id, name, at, tags FROM items WHERE id > 2`)
	require.NoError(t, err)
	require.NotNil(t, none)
	_, err = pg.Get[time.Time](t.Context(), db, `SELECT at FROM items WHERE id > 2`)
	require.ErrorIs(t, err, pg.ErrNoRows)
	id := uuid.New()
	got, err := pg.Get[uuid.UUID](t.Context(), db, `SELECT $1::uuid`, id)
	require.NoError(t, err)
	require.Equal(t, id, got)
	ids, err := pg.Get[int](t.Context(), db, `SELECT cardinality($1::uuid[])`, []uuid.UUID{id, id})
	require.NoError(t, err)
	require.Equal(t, 2, ids)
}

func TestARowThatDoesNotFitItsStructIsADefect(t *testing.T) {
	t.Parallel()
	db := items(t)
	exec(t, db, `INSERT INTO items (id) VALUES (1)`)
	type item struct {
		ID int `db:"id"`
	}
	_, err := pg.Get[item](t.Context(), db, `SELECT id, name FROM items`)
	require.ErrorContains(t, err, "missing destination name name")
	require.Equal(t, fault.Internal, fault.From(err).Code)
	_, err = pg.Get[string](t.Context(), db, `SELECT name FROM items`)
	require.Error(t, err, "NULL is no string")
	require.NoError(t, db.Ping(t.Context()))
}

func TestGetIgnoresFurtherRows(t *testing.T) {
	t.Parallel()
	n, err := pg.Get[int](t.Context(), testkit.DB(t), `SELECT generate_series(1, 3)`)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

func TestAReadInATransactionSeesWhatItHasQueued(t *testing.T) {
	t.Parallel()
	db := items(t)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id) VALUES (1)`)
		inside, err := pg.Get[int](ctx, tx, `SELECT count(*) FROM items`)
		require.Equal(t, 1, inside)
		require.Zero(t, count(t, db), "nobody else sees it yet")
		return err
	}))
}
