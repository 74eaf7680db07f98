package turn

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// exported bounds the submissions in an export; the newest games come first.
const exported = 1000

// exports is what the domain tells of a user. It implements user.Export.
type exports struct{ store store }

func newExport() exports { return exports{} }

// Name implements user.Export.
func (exports) Name() string { return "turn" }

// Export implements user.Export.
func (e exports) Export(ctx context.Context, q pg.Querier, id uuid.UUID) (any, error) {
	submissions, err := e.store.submissionsOfUser(ctx, q, id, exported)
	return map[string][]exportedSubmission{"submissions": submissions}, err
}
