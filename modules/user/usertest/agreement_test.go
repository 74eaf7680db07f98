package usertest_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"galaxy/backend/modules/user"
)

// step is one change that both are given.
type step struct {
	action  int
	plan    user.Plan
	limit   user.LimitName
	value   int
	kind    user.SanctionKind
	ends    *time.Time
	advance time.Duration
}

func drawStep(t *rapid.T, now time.Time) step {
	s := step{
		action: rapid.IntRange(0, 5).Draw(t, "action"),
		plan:   rapid.SampledFrom([]user.Plan{user.Free, user.Monthly, user.Yearly, user.Permanent}).Draw(t, "plan"),
		limit:  rapid.SampledFrom(user.LimitNames).Draw(t, "limit"),
		value:  rapid.IntRange(0, 9).Draw(t, "value"),
		kind: rapid.SampledFrom([]user.SanctionKind{user.LoginBlock, user.GameCreateBlock, user.GameJoinBlock,
			user.ProfileUpdateBlock,
			user.PermanentBlock}).Draw(t, "kind"),
		advance: time.Duration(rapid.SampledFrom([]int{1, 24, 24 * 31}).Draw(t, "hours")) * time.Hour,
	}
	if hours := rapid.IntRange(0, 48).Draw(t, "end"); hours > 0 {
		end := now.Add(time.Duration(hours) * time.Hour)
		s.ends = &end
	}
	return s
}

func (s step) apply(f fixture, id uuid.UUID) {
	switch s.action {
	case 0:
		if !s.plan.Ends() {
			s.ends = nil
		}
		f.SetPlan(id, s.plan, s.ends)
	case 1:
		f.SetLimit(id, s.limit, s.value, s.ends)
	case 2:
		f.ClearLimit(id, s.limit)
	case 3:
		f.Sanction(id, s.kind, "spam", s.ends)
	case 4:
		f.Lift(id, s.kind)
	case 5:
		f.clock.Advance(s.advance)
	}
}

// describe is a snapshot without what is drawn at random.
func describe(t *rapid.T, f fixture, id uuid.UUID) string {
	s, err := f.Snapshot(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	s.UserID, s.UserName, s.DisplayName = uuid.Nil, "", ""
	for i := range s.Sanctions {
		s.Sanctions[i].ID = uuid.Nil
	}
	text, err := json.Marshal(struct {
		user.Snapshot
		Admitted string
	}{s, errorText(f.Admit(context.Background(), id))})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Whatever is done to a user, both say the same of them at any time.
func TestFakeAndRealUsersAgreeAfterAnyChanges(t *testing.T) {
	t.Parallel()
	fake, real := newFake(t), newReal(t)
	rapid.Check(t, func(r *rapid.T) {
		email := uuid.NewString() + "@example.org"
		a, b := fake.register(t, email), real.register(t, email)
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			s := drawStep(r, fake.clock.Now())
			s.apply(fake, a.ID)
			s.apply(real, b.ID)
			if got, want := describe(r, fake, a.ID), describe(r, real, b.ID); got != want {
				r.Fatalf("after %+v\nfake    %s\nreal    %s", s, got, want)
			}
		}
	})
}
