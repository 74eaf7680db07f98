package game

import (
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// ReportSource is what a report is generated from: a turn, and its state with the
// commands executed since.
type ReportSource struct {
	Config  *Config
	Turn    *Turn
	Live    *State
	Pending *enginev1.Pending // of the race, in the current turn only
}

// Report is what a race may know of the turn.
func Report(subject ReportSource, race int) *enginev1.Report {
	v := newRaceView(subject, race)
	r := &enginev1.Report{
		ContractVersion: enginev1.ContractVersion, GameID: v.config.Request.GameID, Turn: v.state.Turn,
		Race: v.config.RaceName(race), Galaxy: MapInfo(v.config, v.state),
		Finished: v.state.Result != nil, Result: v.state.Result,
		Fleets: []struct{}{}, Sciences: []struct{}{},
		OrderResults: v.state.Races[race].Results,
		Pending:      subject.Pending,
	}
	v.addRaces(r)
	v.addPlanets(r)
	v.addGroups(r)
	v.addEvents(r, subject.Turn)
	v.addMessages(r)
	for _, t := range v.ownRace().Types {
		r.ShipTypes = append(r.ShipTypes, shownType("", &t))
	}
	for _, seen := range v.seenTypes {
		t := v.state.Races[seen.race].shipType(seen.id)
		r.OtherShipTypes = append(r.OtherShipTypes, shownType(v.config.RaceName(seen.race), t))
	}
	replaceNilLists(r)
	return r
}

// raceView is the part of the state that one race may see.
type raceView struct {
	config *Config
	state  *State
	race   int
	// observed is true, by planet number, where the race has a group in orbit.
	observed   []bool
	ownPlanets []int
	seenTypes  []typeRef // foreign ship types seen
}

// typeRef names a race's ship type.
type typeRef struct{ race, id int }

func newRaceView(subject ReportSource, race int) *raceView {
	v := &raceView{config: subject.Config, state: subject.Live, race: race}
	v.observed = make([]bool, len(v.state.Planets)+1)
	for i := range v.state.Groups {
		if g := &v.state.Groups[i]; g.Race == race && g.inOrbit() {
			v.observed[g.At] = true
		}
	}
	for i := range v.state.Planets {
		if v.state.Planets[i].Owner == race {
			v.ownPlanets = append(v.ownPlanets, i+1)
		}
	}
	return v
}

func (v *raceView) ownRace() *Race { return &v.state.Races[v.race] }

func (v *raceView) addRaces(r *enginev1.Report) {
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
			Population: rules.RoundDisplay(has.population), Industry: rules.RoundDisplay(has.industry),
			Planets: has.planets, Votes: rules.RoundDisplay(has.votes),
		})
		total += has.votes
	}
	r.Votes = enginev1.Votes{
		Own: rules.RoundDisplay(standings[v.race].votes), To: v.config.RaceName(v.race), Total: rules.RoundDisplay(total),
	}
}

// addEvents are the battles, bombings and events that the race has seen.
func (v *raceView) addEvents(r *enginev1.Report, turn *Turn) {
	for _, b := range turn.Battles {
		if !slices.Contains(b.Seen, v.race) {
			continue
		}
		r.Battles = append(r.Battles, b.Battle)
		for _, g := range b.Groups {
			v.noteType(v.config.Race(g.Race), g.Type)
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

// noteType adds a foreign ship type to the report; one that its race has removed
// meanwhile is described by the battle only.
func (v *raceView) noteType(race int, name string) {
	t := v.state.Races[race].typeNamed(name)
	if race == v.race || t == nil {
		return
	}
	ref := typeRef{race, t.ID}
	compare := func(a, b typeRef) int { return (a.race-b.race)<<32 + a.id - b.id }
	at, seen := slices.BinarySearchFunc(v.seenTypes, ref, compare)
	if !seen {
		v.seenTypes = slices.Insert(v.seenTypes, at, ref)
	}
}

func (v *raceView) addMessages(r *enginev1.Report) {
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
		Cargo: t.Cargo, Mass: rules.RoundDisplay(ship.Mass()), Speed: rules.RoundDisplay(ship.Speed()),
		Attack: rules.RoundDisplay(ship.Attack()), Defence: rules.RoundDisplay(ship.Defence()), Capacity: rules.RoundDisplay(ship.Capacity()),
	}
}

func replaceNilLists(r *enginev1.Report) {
	replaceNil(&r.Races)
	replaceNil(&r.ShipTypes)
	replaceNil(&r.OtherShipTypes)
	replaceNil(&r.Battles)
	replaceNil(&r.Bombings)
	replaceNil(&r.LocalPlanets)
	replaceNil(&r.OtherPlanets)
	replaceNil(&r.UninhabitedPlanets)
	replaceNil(&r.UnidentifiedPlanets)
	replaceNil(&r.ShipsInProduction)
	replaceNil(&r.Groups)
	replaceNil(&r.OtherGroups)
	replaceNil(&r.IncomingGroups)
	replaceNil(&r.UnidentifiedGroups)
	replaceNil(&r.Messages)
	replaceNil(&r.Events)
	replaceNil(&r.OrderResults)
}

func replaceNil[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}
