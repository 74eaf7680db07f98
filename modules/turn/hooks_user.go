package turn

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// maxExported bounds the submissions in an export; the newest games come first.
const maxExported = 1000

// export is what the domain tells of a user. It implements user.Export.
type export struct{ store store }

func newExport() export { return export{} }

// Name implements user.Export.
func (export) Name() string { return "turn" }

// Export implements user.Export.
func (e export) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	submissions, err := e.store.submissionsOfUser(ctx, q, id, maxExported)
	return map[string][]exportedSubmission{"submissions": submissions}, err
}
