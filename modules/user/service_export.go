package user

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
)

// maxExported bounds each list in an export; the newest entries come first.
const maxExported = 1000

// ExportData is everything that the platform holds on a user. Domains is what the
// other domains add, by name.
type ExportData struct {
	At           time.Time
	Account      Account
	Entitlements []EntitlementRecord
	Sanctions    []Sanction
	Overrides    []Override
	FormerEmails []string // addresses before this one
	Domains      map[string]any
}

// Export gathers everything held on a user, or returns ErrNotFound. What
// operators note among themselves is not part of it.
func (s *Service) Export(ctx context.Context, id uuid.UUID) (ExportData, error) {
	r, err := s.store.record(ctx, s.db, id)
	if err != nil {
		return ExportData{}, err
	}
	out := ExportData{At: s.clock.Now(), Account: r.Account, Domains: map[string]any{}}
	if out.Entitlements, err = s.store.entitlements(ctx, s.db, id, uuid.Nil, maxExported); err != nil {
		return ExportData{}, err
	}
	if out.Sanctions, err = s.store.sanctions(ctx, s.db, id, uuid.Nil, maxExported); err != nil {
		return ExportData{}, err
	}
	if out.Overrides, err = s.store.overrides(ctx, s.db, id, maxExported); err != nil {
		return ExportData{}, err
	}
	if out.FormerEmails, err = s.store.formerEmails(ctx, s.db, id); err != nil {
		return ExportData{}, err
	}
	sent := []mail.Summary{}
	for _, address := range append(out.FormerEmails, r.Email) {
		some, err := s.mail.SentTo(ctx, s.db, address, maxExported)
		if err != nil {
			return ExportData{}, err
		}
		sent = append(sent, some...)
	}
	out.Domains["mail"] = map[string]any{"sent": sent}
	for _, e := range s.hooks.Exports {
		if out.Domains[e.Name()], err = e.Export(ctx, s.db, id); err != nil {
			return ExportData{}, fmt.Errorf("export user %s from %s: %w", id, e.Name(), err)
		}
	}
	return out, nil
}
