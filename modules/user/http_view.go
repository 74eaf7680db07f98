package user

import "time"

// viewAll renders a list; never nil, so that JSON shows an empty one.
func viewAll[R, V any](rows []R, view func(R) V) []V {
	out := make([]V, len(rows))
	for i, r := range rows {
		out[i] = view(r)
	}
	return out
}

// deletionView is what only operators see of an account.
type deletionView struct {
	DeletedAt *time.Time `json:"deleted_at"`
	ErasedAt  *time.Time `json:"erased_at"`
}

// summaryView is a user in an operator's list.
type summaryView struct {
	Summary
	deletionView
}

func newSummaryView(s Summary) summaryView {
	return summaryView{s, deletionView{s.DeletedAt, s.ErasedAt}}
}

// detailView is a user as operators see them.
type detailView struct {
	Account
	deletionView
	Plan      Plan             `json:"plan"`
	PlanEnds  *time.Time       `json:"plan_ends_at"`
	Limits    Limits           `json:"limits"`
	Sanctions []ActiveSanction `json:"sanctions"`
}

func newDetailView(d Detail) detailView {
	s := d.Snapshot
	return detailView{d.Account, deletionView{d.DeletedAt, d.ErasedAt}, s.Plan, s.PlanEndsAt, s.Limits, s.Sanctions}
}

// sanctionView is a sanction as operators see it.
type sanctionView struct {
	Sanction
	Active bool `json:"active"`
}

func newSanctionView(s Sanction, now time.Time) sanctionView { return sanctionView{s, s.Active(now)} }

// limitsView is a user's limits and the history of what operators set.
type limitsView struct {
	Plan      Plan       `json:"plan"`
	Limits    []LimitUse `json:"limits"`
	Overrides []Override `json:"overrides"`
}

// exportView is everything held on a user. Who among the operators did what, and
// what they noted, is theirs.
type exportView struct {
	ExportedAt   time.Time             `json:"exported_at"`
	Account      Account               `json:"account"`
	DeletedAt    *time.Time            `json:"deleted_at"`
	FormerEmails []string              `json:"former_emails"`
	Entitlements []exportedEntitlement `json:"entitlements"`
	Sanctions    []exportedSanction    `json:"sanctions"`
	Overrides    []exportedOverride    `json:"limit_overrides"`
	Domains      map[string]any        `json:"domains"`
}

// The exported types leave out what is the operators' own.
type (
	exportedEntitlement struct {
		Plan     Plan       `json:"plan"`
		Source   string     `json:"source"`
		StartsAt time.Time  `json:"starts_at"`
		EndsAt   *time.Time `json:"ends_at"`
	}
	exportedSanction struct {
		ActiveSanction
		RemovedAt *time.Time `json:"removed_at"`
	}
	exportedOverride struct {
		Name      LimitName  `json:"name"`
		Value     int        `json:"value"`
		Reason    string     `json:"reason"`
		SetAt     time.Time  `json:"set_at"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
)

func newExportView(e ExportData) exportView {
	return exportView{ExportedAt: e.At, Account: e.Account, DeletedAt: e.Account.DeletedAt, FormerEmails: e.FormerEmails,
		Entitlements: viewAll(e.Entitlements, func(r EntitlementRecord) exportedEntitlement {
			return exportedEntitlement{r.Plan, r.Source, r.StartsAt, r.EndsAt}
		}),
		Sanctions: viewAll(e.Sanctions, func(s Sanction) exportedSanction {
			return exportedSanction{s.visible(), s.RemovedAt}
		}),
		Overrides: viewAll(e.Overrides, func(o Override) exportedOverride {
			return exportedOverride{o.Name, o.Value, o.Reason, o.SetAt, o.ExpiresAt}
		}),
		Domains: e.Domains}
}
