package game

import (
	"errors"
	"fmt"
	"math"
	"slices"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Check verifies the invariants: no number is negative or not a number, population
// is at most the planet's size and industry at most its population, free planets
// are uninhabited, groups are sorted and not empty, refer to existing types and
// planets, and races out of play own nothing.
func (s *State) Check() error {
	var errs []error
	for i := range s.Planets {
		if err := s.checkPlanet(&s.Planets[i]); err != nil {
			errs = append(errs, fmt.Errorf("planet %d: %w", i+1, err))
		}
	}
	for i := range s.Groups {
		if err := s.checkGroup(&s.Groups[i]); err != nil {
			errs = append(errs, fmt.Errorf("group %d of race %d: %w", s.Groups[i].Number, s.Groups[i].Race, err))
		}
		if i > 0 && !s.Groups[i-1].before(&s.Groups[i]) {
			errs = append(errs, fmt.Errorf("group %d of race %d is out of order", s.Groups[i].Number, s.Groups[i].Race))
		}
	}
	return errors.Join(errs...)
}

func (g *Group) before(h *Group) bool {
	return g.Race < h.Race || g.Race == h.Race && g.Number < h.Number
}

func checkNumbers(values ...float64) error {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("value %v", v)
		}
	}
	return nil
}

func (s *State) checkPlanet(p *Planet) error {
	const rounding = 1e-5
	if err := checkNumbers(p.Size, p.Resources, p.Population, p.Industry, p.Capital, p.Materials, p.Colonists,
		p.Progress); err != nil {
		return err
	}
	switch {
	case p.Population > p.Size+rounding || p.Industry > p.Population+rounding:
		return errors.New("overcrowded")
	case p.Owner == nobody && (p.Population > 0 || p.Industry > 0 || p.Colonists > 0):
		return errors.New("people without a race")
	case p.Owner == nobody && p.Routes != [len(routeCargos)]int{}:
		return errors.New("routes without a race")
	case p.Owner == nobody:
		return nil
	case p.Owner < 0 || p.Owner >= len(s.Races) || !s.Races[p.Owner].State.InPlay():
		return fmt.Errorf("owned by race %d", p.Owner)
	case p.Product.Kind == enginev1.ProduceShip && !s.Races[p.Owner].hasType(p.Product.Type):
		return errors.New("builds no known type")
	}
	return nil
}

func (r *Race) hasType(id int) bool {
	return slices.ContainsFunc(r.Types, func(t ShipType) bool { return t.ID == id })
}

func (s *State) checkGroup(g *Group) error {
	switch {
	case g.Race < 0 || g.Race >= len(s.Races) || !s.Races[g.Race].State.InPlay():
		return errors.New("belongs to nobody")
	case g.Ships < 1 || g.Number < 1 || g.Number > s.Races[g.Race].LastGroup:
		return fmt.Errorf("%d ships", g.Ships)
	case !s.Races[g.Race].hasType(g.Type):
		return errors.New("flies no known type")
	case !s.isPlanet(g.At) || g.To != 0 && !s.isPlanet(g.To):
		return errors.New("is nowhere")
	case (g.Load > 0) != (g.Cargo != ""):
		return fmt.Errorf("carries %v of %q", g.Load, g.Cargo)
	}
	ship := s.ship(g)
	if ship.Load > ship.Capacity()*(1+1e-6)+1e-5 {
		return fmt.Errorf("carries %v of %v", ship.Load, ship.Capacity())
	}
	return checkNumbers(g.Load, g.Left)
}
