package game

import (
	"fmt"
	"slices"

	"galaxy/backend/cmd/engine/internal/rules"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// orbits lists, by planet number, the indices of the groups in orbit.
func (s *State) orbits() [][]int {
	orbits := make([][]int, len(s.Planets)+1)
	counts := make([]int, len(s.Planets)+1)
	total := 0
	for i := range s.Groups {
		if g := &s.Groups[i]; g.inOrbit() && g.Ships > 0 {
			counts[g.At]++
			total++
		}
	}
	all := make([]int, total) // one allocation for all lists
	for planet, count := range counts {
		orbits[planet], all = all[:0:count], all[count:]
	}
	for i := range s.Groups {
		if g := &s.Groups[i]; g.inOrbit() && g.Ships > 0 {
			orbits[g.At] = append(orbits[g.At], i)
		}
	}
	return orbits
}

// owners are the races of the groups, ascending.
func (s *State) owners(groups []int) []int {
	var races []int
	for _, i := range groups {
		races = append(races, s.Groups[i].Race)
	}
	slices.Sort(races)
	return slices.Compact(races)
}

// witnesses are the races that see what happens at a planet: those in orbit and
// its owner, ascending.
func (s *State) witnesses(planet int, groups []int) []int {
	races := s.owners(groups)
	if owner := s.planet(planet).Owner; owner != nobody {
		races = insert(races, owner)
	}
	return races
}

// insert adds v to an ascending list of distinct numbers.
func insert(list []int, v int) []int {
	at, found := slices.BinarySearch(list, v)
	if found {
		return list
	}
	return slices.Insert(list, at, v)
}

// fightBattles fights at every planet where hostile races meet (4, 8). Groups sent by
// an order have left before the first; those on routes have not (GP, NG).
func (g *generation) fightBattles(phase int, stream rules.Phase) {
	for planet, groups := range g.state.orbits() {
		if len(groups) < 2 {
			continue
		}
		races := g.state.owners(groups)
		foes := g.foes(races, groups)
		if len(races) > 1 && slices.ContainsFunc(foes, func(f []bool) bool { return slices.Contains(f, true) }) {
			g.fightBattle(planet, phase, stream, groups, races, foes)
		}
	}
	g.state.dropEmptyGroups()
}

// foes reports for each pair of races whether they fight: one of them is at war
// with the other and has armed ships here (GP).
func (g *generation) foes(races, groups []int) [][]bool {
	armed := make([]bool, len(races))
	for _, i := range groups {
		group := &g.state.Groups[i]
		if g.state.Races[group.Race].shipType(group.Type).Armament > 0 {
			armed[slices.Index(races, group.Race)] = true
		}
	}
	foes := make([][]bool, len(races))
	for a := range races {
		foes[a] = make([]bool, len(races))
		for b := range races {
			foes[a][b] = armed[a] && g.state.AtWar(races[a], races[b]) ||
				armed[b] && g.state.AtWar(races[b], races[a])
		}
	}
	return foes
}

func (g *generation) fightBattle(planet, phase int, stream rules.Phase, groups, races []int, foes [][]bool) {
	var squads []rules.Squad
	var fighting []int // index of the group by squad
	account := enginev1.Battle{
		ID:     fmt.Sprintf("%d-%d-%d", g.state.Turn, phase, planet),
		Planet: planet, PlanetName: g.state.planet(planet).Name, Phase: phase, Log: [][]int{},
	}
	for _, i := range groups {
		group := &g.state.Groups[i]
		side := slices.Index(races, group.Race)
		entry := g.state.battleGroup(g.config, group)
		if entry.InBattle = slices.Contains(foes[side], true); entry.InBattle {
			ship := g.state.ship(group)
			fighting = append(fighting, len(account.Groups))
			squads = append(squads, rules.Squad{
				Side: side, Ships: group.Ships, Guns: ship.Armament, Attack: ship.Attack(), Defence: ship.Defence(),
			})
		}
		account.Groups = append(account.Groups, entry)
	}
	out := rules.Fight(rules.Encounter{
		Squads: squads, Sides: len(races), Hostile: func(a, b int) bool { return foes[a][b] },
		ShotLimit: *g.config.options().BattleShotLimit, LogLimit: g.logLimit(),
		Random: rules.Stream(g.config.Seed, uint32(g.state.Turn), stream, uint32(planet)),
	})
	if out.Shots == 0 {
		return // no side can damage the other: this is no battle
	}
	account.Rounds, account.Shots, account.Draw = out.Rounds, out.Shots, out.Draw
	account.LogTruncated = len(out.Log) < out.Shots
	for _, shot := range out.Log {
		account.Log = append(account.Log, []int{fighting[shot[0]], fighting[shot[1]], shot[2]})
	}
	seen := g.state.witnesses(planet, groups)
	for squad, tally := range out.Squads {
		entry := &account.Groups[fighting[squad]]
		entry.Survivors, entry.Shots, entry.Kills = tally.Survivors, tally.Shots, tally.Kills
		g.removeCasualties(&g.state.Groups[groups[fighting[squad]]], tally.Survivors)
	}
	g.recordKillers(account.Groups, races, foes)
	g.Battles = append(g.Battles, Battle{Battle: account, Seen: seen})
	g.emit(enginev1.Event{Type: enginev1.EventBattle, Planet: planet, By: g.fighters(races, foes)}, seen)
}

// maxBattleLog is the largest number of shots logged per battle.
const maxBattleLog = 10_000

func (g *generation) logLimit() int {
	if g.config.options().BattleLog == enginev1.BattleLogShots {
		return maxBattleLog
	}
	return 0
}

// battleGroup is the group as it enters a battle.
func (s *State) battleGroup(c *Config, g *Group) enginev1.BattleGroup {
	ship := s.ship(g)
	return enginev1.BattleGroup{
		Race: c.RaceName(g.Race), Type: s.Races[g.Race].shipType(g.Type).Name, Ships: g.Ships, Survivors: g.Ships,
		Drive: g.Tech.Drive, Weapons: g.Tech.Weapons, Shields: g.Tech.Shields, CargoTech: g.Tech.Cargo,
		Cargo: cargoOf(g), Load: rules.RoundDisplay(ship.Load),
	}
}

// removeCasualties takes lost ships and their load out of a group.
func (g *generation) removeCasualties(group *Group, survivors int) {
	if survivors == 0 {
		group.Ships = 0
		return
	}
	group.Load = rules.RoundState(group.Load * float64(survivors) / float64(group.Ships))
	group.Ships = survivors
}

// recordKillers records which races may have destroyed ships of which others, for
// the events of eliminations.
func (g *generation) recordKillers(groups []enginev1.BattleGroup, races []int, foes [][]bool) {
	kills := make([]bool, len(races))
	losses := make([]bool, len(races))
	for _, entry := range groups {
		side := slices.Index(races, g.config.Race(entry.Race))
		kills[side] = kills[side] || entry.Kills > 0
		losses[side] = losses[side] || entry.Survivors < entry.Ships
	}
	for a := range races {
		for b := range races {
			if kills[a] && losses[b] && foes[a][b] {
				g.killers[races[b]] = insert(g.killers[races[b]], races[a])
			}
		}
	}
}

func (g *generation) fighters(races []int, foes [][]bool) []string {
	var names []string
	for side, race := range races {
		if slices.Contains(foes[side], true) {
			names = append(names, g.config.RaceName(race))
		}
	}
	return names
}

// bombPlanets has armed ships bomb the planets of their enemies, also where two
// fleets cannot damage each other (9; GP).
func (g *generation) bombPlanets() {
	for number, groups := range g.state.orbits() {
		if len(groups) == 0 || g.state.planet(number).Owner == nobody {
			continue
		}
		power := 0.0
		var attackers []int
		for _, i := range groups {
			group := &g.state.Groups[i]
			ship := g.state.ship(group)
			if ship.Armament > 0 && g.state.AtWar(group.Race, g.state.planet(number).Owner) {
				power += ship.Bombing() * float64(group.Ships)
				attackers = insert(attackers, group.Race)
			}
		}
		if len(attackers) > 0 {
			g.bombPlanet(number, rules.RoundState(power), attackers, g.state.witnesses(number, groups))
		}
	}
}

func (g *generation) bombPlanet(number int, power float64, attackers, seen []int) {
	p := g.state.planet(number)
	account := enginev1.Bombing{
		Planet: number, PlanetName: p.Name, Owner: g.config.RaceName(p.Owner),
		Attackers: g.config.names(attackers), Power: rules.RoundDisplay(power),
		Population: rules.RoundDisplay(p.Population), Industry: rules.RoundDisplay(p.Industry), Capital: rules.RoundDisplay(p.Capital),
		Materials: rules.RoundDisplay(p.Materials), Colonists: rules.RoundDisplay(p.Colonists), Result: enginev1.BombingDamaged,
	}
	if !p.Bomb(power) {
		account.Result = enginev1.BombingWiped
		for _, attacker := range attackers {
			g.killers[p.Owner] = insert(g.killers[p.Owner], attacker)
		}
		g.emit(enginev1.Event{
			Type: enginev1.EventPlanetWiped, Planet: number, Race: account.Owner, By: account.Attackers,
		}, seen)
		p.release()
	}
	g.Bombings = append(g.Bombings, Bombing{Bombing: account, Seen: seen})
}
