package httpx_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
)

// listing is a list of n rows, newest first, as a store reads it.
func listing(n int) (ids []uuid.UUID, read func(before uuid.UUID, n int) ([]uuid.UUID, error)) {
	for i := range n {
		ids = append(ids, uuid.UUID{15: byte(n - i)})
	}
	return ids, func(before uuid.UUID, n int) ([]uuid.UUID, error) {
		rest := ids
		if before != uuid.Max {
			rest = ids[slices.Index(ids, before)+1:]
		}
		return rest[:min(n, len(rest))], nil
	}
}

func page(p httpx.Page, read func(uuid.UUID, int) ([]uuid.UUID, error)) (httpx.List[uuid.UUID], error) {
	same := func(id uuid.UUID) uuid.UUID { return id }
	return httpx.PageByID("ships", p, read, same, same)
}

func TestPagesByIDMeetEveryRowOnce(t *testing.T) {
	t.Parallel()
	for n := range 8 {
		ids, read := listing(n)
		seen, pages := []uuid.UUID{}, 0
		for cursor := ""; ; pages++ {
			got, err := page(httpx.Page{Limit: 3, Cursor: cursor}, read)
			require.NoError(t, err)
			require.LessOrEqual(t, len(got.Items), 3)
			require.NotNil(t, got.Items)
			seen = append(seen, got.Items...)
			if got.NextCursor == nil {
				break
			}
			cursor = *got.NextCursor
		}
		require.Equal(t, append([]uuid.UUID{}, ids...), seen, "%d rows", n)
		require.Equal(t, max(n-1, 0)/3, pages, "no empty page at the end of %d rows", n)
	}
}

func TestAPageThatCannotBeReadIsNoPage(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	_, err := page(httpx.Page{Limit: 3}, func(uuid.UUID, int) ([]uuid.UUID, error) { return nil, broken })
	require.ErrorIs(t, err, broken)

	_, read := listing(3)
	for _, cursor := range []string{"x", httpx.EncodeCursor("games", uuid.NewString()), httpx.EncodeCursor("ships", "1"), httpx.EncodeCursor("ships")} {
		_, err = page(httpx.Page{Limit: 3, Cursor: cursor}, read)
		require.ErrorIs(t, err, httpx.ErrInvalid, cursor)
	}
}
