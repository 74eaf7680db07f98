package game

import (
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Subject is what a report is made from: a turn as it was made, and its state
// with the commands given since.
type Subject struct {
	Config  *Config
	Turn    *Turn
	Live    *State
	Pending *enginev1.Pending // of the race, in the current turn only
}

// Report is what a race may know of the turn (1.14).
func Report(subject Subject, race int) *enginev1.Report {
	v := newViewer(subject, race)
	r := &enginev1.Report{
		ContractVersion: enginev1.ContractVersion, GameID: v.config.Request.GameID, Turn: v.state.Turn,
		Race: v.config.RaceName(race), Galaxy: MapInfo(v.config, v.state),
		Finished: v.state.Result != nil, Result: v.state.Result,
		Fleets: []struct{}{}, Sciences: []struct{}{},
		OrderResults: v.state.Races[race].Results,
		Pending:      subject.Pending,
	}
	v.races(r)
	v.planets(r)
	v.groups(r)
	v.accounts(r, subject.Turn)
	v.messages(r)
	for _, t := range v.own().Types {
		r.ShipTypes = append(r.ShipTypes, shownType("", &t))
	}
	for _, seen := range v.types {
		t := v.state.Races[seen.race].shipType(seen.id)
		r.OtherShipTypes = append(r.OtherShipTypes, shownType(v.config.RaceName(seen.race), t))
	}
	neverNull(r)
	return r
}

// viewer sees the state with the eyes of one race.
type viewer struct {
	config *Config
	state  *State
	race   int
	// present tells by planet number whether the race has a group in orbit.
	present []bool
	land    []int
	types   []typeRef // foreign ship types seen
}

// typeRef names a race's ship type.
type typeRef struct{ race, id int }

func newViewer(subject Subject, race int) *viewer {
	v := &viewer{config: subject.Config, state: subject.Live, race: race}
	v.present = make([]bool, len(v.state.Planets)+1)
	for i := range v.state.Groups {
		if g := &v.state.Groups[i]; g.Race == race && g.inOrbit() {
			v.present[g.At] = true
		}
	}
	for i := range v.state.Planets {
		if v.state.Planets[i].Owner == race {
			v.land = append(v.land, i+1)
		}
	}
	return v
}

func (v *viewer) own() *Race { return &v.state.Races[v.race] }

func (v *viewer) races(r *enginev1.Report) {
	standings := v.state.standings()
	total := 0.0
	for race := range v.state.Races {
		other, has := &v.state.Races[race], standings[race]
		relation := enginev1.Peace
		if race == v.race {
			relation = enginev1.Self
		} else if v.state.AtWar(v.race, race) {
			relation = enginev1.War
		}
		tech := shownTech(other.Tech)
		r.Races = append(r.Races, enginev1.ReportRace{
			Race: v.config.RaceName(race), State: other.State, Relation: relation,
			Drive: tech.Drive, Weapons: tech.Weapons, Shields: tech.Shields, Cargo: tech.Cargo,
			Population: rules.Shown(has.population), Industry: rules.Shown(has.industry),
			Planets: has.planets, Votes: rules.Shown(has.votes),
		})
		total += has.votes
	}
	r.Votes = enginev1.Votes{
		Own: rules.Shown(standings[v.race].votes), To: v.config.RaceName(v.race), Total: rules.Shown(total),
	}
}

// accounts are the battles, bombings and events that the race has seen.
func (v *viewer) accounts(r *enginev1.Report, turn *Turn) {
	for _, b := range turn.Battles {
		if !slices.Contains(b.Seen, v.race) {
			continue
		}
		r.Battles = append(r.Battles, b.Battle)
		for _, g := range b.Groups {
			v.seeType(v.config.Race(g.Race), g.Type)
		}
	}
	for _, b := range turn.Bombings {
		if slices.Contains(b.Seen, v.race) {
			r.Bombings = append(r.Bombings, b.Bombing)
		}
	}
	for _, e := range slices.Concat(turn.Events, v.state.News) {
		if e.Seen == nil || slices.Contains(e.Seen, v.race) {
			r.Events = append(r.Events, e.Event)
		}
	}
}

// seeType notes a foreign type for the report; one that its race has removed
// meanwhile is described by the battle alone.
func (v *viewer) seeType(race int, name string) {
	t := v.state.Races[race].typeNamed(name)
	if race == v.race || t == nil {
		return
	}
	ref := typeRef{race, t.ID}
	compare := func(a, b typeRef) int { return (a.race-b.race)<<32 + a.id - b.id }
	at, seen := slices.BinarySearchFunc(v.types, ref, compare)
	if !seen {
		v.types = slices.Insert(v.types, at, ref)
	}
}

func (v *viewer) messages(r *enginev1.Report) {
	for _, m := range v.state.Messages {
		if m.From != v.race && !slices.Contains(m.To, v.race) {
			continue
		}
		message := enginev1.Message{To: v.config.names(m.To), Turn: m.Turn, Text: m.Text}
		if !m.Anonymous || m.From == v.race {
			message.From = new(v.config.RaceName(m.From))
		} else {
			message.To = []string{v.config.RaceName(v.race)}
		}
		r.Messages = append(r.Messages, message)
	}
}

// shownType is a design with its values at technology 1.
func shownType(race string, t *ShipType) enginev1.ShipType {
	ship := rules.Ship{Design: t.Design, Tech: rules.FirstTech()}
	return enginev1.ShipType{
		Race: race, Name: t.Name, Drive: t.Drive, Armament: t.Armament, Weapons: t.Weapons, Shields: t.Shields,
		Cargo: t.Cargo, Mass: rules.Shown(ship.Mass()), Speed: rules.Shown(ship.Speed()),
		Attack: rules.Shown(ship.Attack()), Defence: rules.Shown(ship.Defence()), Capacity: rules.Shown(ship.Capacity()),
	}
}

func neverNull(r *enginev1.Report) {
	fill(&r.Races)
	fill(&r.ShipTypes)
	fill(&r.OtherShipTypes)
	fill(&r.Battles)
	fill(&r.Bombings)
	fill(&r.LocalPlanets)
	fill(&r.OtherPlanets)
	fill(&r.UninhabitedPlanets)
	fill(&r.UnidentifiedPlanets)
	fill(&r.ShipsInProduction)
	fill(&r.Groups)
	fill(&r.OtherGroups)
	fill(&r.IncomingGroups)
	fill(&r.UnidentifiedGroups)
	fill(&r.Messages)
	fill(&r.Events)
	fill(&r.OrderResults)
}

func fill[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
