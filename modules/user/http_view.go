package user

import "time"

// views renders a list; never nil, so that JSON shows an empty one.
func views[R, V any](rows []R, view func(R) V) []V {
	out := make([]V, len(rows))
	for i, r := range rows {
		out[i] = view(r)
	}
	return out
}

// ended is what only operators see of an account.
type ended struct {
	DeletedAt *time.Time `json:"deleted_at"`
	ErasedAt  *time.Time `json:"erased_at"`
}

// listedView is a user in an operator's list.
type listedView struct {
	Listed
	ended
}

func listedOf(l Listed) listedView { return listedView{l, ended{l.DeletedAt, l.ErasedAt}} }

// detailView is a user as operators see him.
type detailView struct {
	Account
	ended
	Plan      Plan             `json:"plan"`
	PlanEnds  *time.Time       `json:"plan_ends_at"`
	Limits    Limits           `json:"limits"`
	Sanctions []ActiveSanction `json:"sanctions"`
}

func detailOf(d Detail) detailView {
	return detailView{d.Account, ended{d.DeletedAt, d.ErasedAt}, d.Snapshot.Plan, d.Snapshot.PlanEndsAt, d.Snapshot.Limits, d.Snapshot.Sanctions}
}

// sanctionView is a sanction as operators see it.
type sanctionView struct {
	Sanction
	Active bool `json:"active"`
}

// limitsView is a user's limits and the history of what operators set.
type limitsView struct {
	Plan      Plan       `json:"plan"`
	Limits    []LimitUse `json:"limits"`
	Overrides []Override `json:"overrides"`
}

// exportView is everything held on a user. Who among the operators did what, and
// what they noted, is theirs.
type exportView struct {
	ExportedAt   time.Time        `json:"exported_at"`
	Account      Account          `json:"account"`
	DeletedAt    *time.Time       `json:"deleted_at"`
	FormerEmails []string         `json:"former_emails"`
	Entitlements []exportedRecord `json:"entitlements"`
	Sanctions    []exportedPast   `json:"sanctions"`
	Overrides    []exportedLimit  `json:"limit_overrides"`
	Domains      map[string]any   `json:"domains"`
}

// The exported types leave out what is the operators' own.
type (
	exportedRecord struct {
		Plan     Plan       `json:"plan"`
		Source   string     `json:"source"`
		StartsAt time.Time  `json:"starts_at"`
		EndsAt   *time.Time `json:"ends_at"`
	}
	exportedPast struct {
		ActiveSanction
		RemovedAt *time.Time `json:"removed_at"`
	}
	exportedLimit struct {
		Name      LimitName  `json:"name"`
		Value     int        `json:"value"`
		Reason    string     `json:"reason"`
		SetAt     time.Time  `json:"set_at"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
)

func exportOf(e Exported) exportView {
	return exportView{ExportedAt: e.At, Account: e.Account, DeletedAt: e.Account.DeletedAt, FormerEmails: e.Former,
		Entitlements: views(e.Records, func(r Record) exportedRecord { return exportedRecord{r.Plan, r.Source, r.StartsAt, r.EndsAt} }),
		Sanctions: views(e.Sanctions, func(s Sanction) exportedPast {
			return exportedPast{ActiveSanction{s.ID, s.Kind, s.Reason, s.AppliedAt, s.ExpiresAt}, s.RemovedAt}
		}),
		Overrides: views(e.Overrides, func(o Override) exportedLimit { return exportedLimit{o.Name, o.Value, o.Reason, o.SetAt, o.ExpiresAt} }),
		Domains:   e.Domains}
}
