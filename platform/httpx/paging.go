package httpx

import "github.com/google/uuid"

// PageOf renders a page of a list. rows holds one row more than limit when
// there is a next page; cursor packs where the page stopped.
func PageOf[R, V any](rows []R, limit int, view func(R) V, cursor func(R) string) List[V] {
	out := List[V]{Items: make([]V, 0, min(len(rows), limit))}
	for i, r := range rows {
		if i == limit {
			next := cursor(rows[limit-1])
			out.NextCursor = &next
			break
		}
		out.Items = append(out.Items, view(r))
	}
	return out
}

// IDCursor unpacks a cursor that holds the id of the last row; the nil UUID is
// the start of the list.
func IDCursor(kind, cursor string) (uuid.UUID, error) {
	parts, err := DecodeCursor(kind, cursor, 1)
	if err != nil || parts == nil {
		return uuid.Nil, err
	}
	id, err := uuid.Parse(parts[0])
	if err != nil {
		return uuid.Nil, Invalid("cursor", "invalid_cursor", "the cursor is not one that this list gave out")
	}
	return id, nil
}

// PageByID reads and renders a page of a list that is sorted by an id, newest
// first. read is asked for one row more than the page holds, all of them below
// the id before, which is uuid.Max at the start of the list.
func PageByID[R, V any](kind string, p Page, read func(before uuid.UUID, n int) ([]R, error), view func(R) V, id func(R) uuid.UUID) (List[V], error) {
	before, err := IDCursor(kind, p.Cursor)
	if err != nil {
		return List[V]{}, err
	}
	if before == uuid.Nil {
		before = uuid.Max
	}
	rows, err := read(before, p.Limit+1)
	if err != nil {
		return List[V]{}, err
	}
	return PageOf(rows, p.Limit, view, func(r R) string { return EncodeCursor(kind, id(r).String()) }), nil
}
