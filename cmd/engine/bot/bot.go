package bot

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Play decides a turn from its report. Orders are nil (submit no list) once the
// race is out of play or has resigned, and when the game is over.
func Play(r *enginev1.Report) ([]enginev1.Order, []enginev1.Command) {
	pl := newPlanner(r)
	if r.Finished || !pl.own.State.InPlay() {
		return nil, nil
	}
	pl.createDesigns()
	pl.sendDrones()
	pl.sendColonists()
	pl.sendWarships()
	pl.setProduction()
	if len(pl.report.LocalPlanets) == 0 && pl.shipCounts[ark] == 0 {
		pl.orders = nil // an order would take the resignation back
	}
	return pl.orders, pl.diplomacy()
}

// Designs of the bot.
const (
	drone  = "Drone"
	ark    = "Ark"
	lancer = "Lancer"
)

func designs() []enginev1.Order {
	return []enginev1.Order{
		enginev1.CreateType(drone, 1, 0, 0, 0, 0),
		enginev1.CreateType(ark, 16, 0, 0, 0, 8),
		// Guns that bomb well for their mass and can destroy ships of the same
		// design; otherwise two fleets could stay in one orbit for ever.
		enginev1.CreateType(lancer, 15, 3, 9, 15, 0),
	}
}

// planet is what the race knows of a planet.
type planet struct {
	number     int
	x, y       float64
	size       float64 // of an observed free planet
	population float64 // of an observed foreign planet
	observed   bool
	own        bool
	hostile    bool
	inReach    bool // ships may be sent there
}

// availableGroup is an own group in orbit; ships that were given orders are
// subtracted.
type availableGroup struct {
	enginev1.OwnGroup
}

// planner derives the orders of one turn from one report.
type planner struct {
	report     *enginev1.Report
	own        enginev1.ReportRace
	planets    []planet // by number
	groups     []availableGroup
	enRoute    map[int]map[string]int // ships on their way, by destination and type
	shipCounts map[string]int         // ships by type
	orders     []enginev1.Order
	aliases    int
	dronesAway int // drones in flight or at planets of others
}

func newPlanner(r *enginev1.Report) *planner {
	pl := &planner{report: r, enRoute: map[int]map[string]int{}, shipCounts: map[string]int{}, orders: []enginev1.Order{}}
	for _, race := range r.Races {
		if race.Relation == enginev1.Self {
			pl.own = race
		}
	}
	pl.readPlanets()
	for _, g := range r.Groups {
		pl.shipCounts[g.Type] += g.Ships
		if g.Destination == nil {
			pl.groups = append(pl.groups, availableGroup{g})
			continue
		}
		pl.addEnRoute(*g.Destination, g.Type, g.Ships)
		if g.Type == drone {
			pl.dronesAway += g.Ships
		}
	}
	return pl
}

func (pl *planner) readPlanets() {
	r := pl.report
	for _, p := range r.LocalPlanets {
		pl.planets = append(pl.planets, planet{number: p.Number, x: p.X, y: p.Y, size: p.Size, observed: true, own: true})
	}
	for _, p := range r.UninhabitedPlanets {
		pl.planets = append(pl.planets, planet{number: p.Number, x: p.X, y: p.Y, size: p.Size, observed: true})
	}
	for _, p := range r.OtherPlanets {
		foe := pl.relation(p.Owner) == enginev1.War
		pl.planets = append(pl.planets, planet{number: p.Number, x: p.X, y: p.Y, population: p.Population, observed: true, hostile: foe})
	}
	for _, p := range r.UnidentifiedPlanets {
		pl.planets = append(pl.planets, planet{number: p.Number, x: p.X, y: p.Y})
	}
	slices.SortFunc(pl.planets, func(a, b planet) int { return cmp.Compare(a.number, b.number) })
	pl.markReachable()
}

func (pl *planner) relation(race string) enginev1.Relation {
	for _, r := range pl.report.Races {
		if r.Race == race {
			return r.Relation
		}
	}
	return enginev1.War
}

func (pl *planner) addEnRoute(planet int, kind string, ships int) {
	if pl.enRoute[planet] == nil {
		pl.enRoute[planet] = map[string]int{}
	}
	pl.enRoute[planet][kind] += ships
}

func (pl *planner) planet(number int) *planet { return &pl.planets[number-1] }

// distance on the torus.
func (pl *planner) distance(a, b *planet) float64 {
	side := pl.report.Galaxy.Size
	around := func(d float64) float64 { return min(math.Abs(d), side-math.Abs(d)) }
	return math.Hypot(around(a.x-b.x), around(a.y-b.y))
}

// markReachable marks the planets within the race's reach.
func (pl *planner) markReachable() {
	for i := range pl.planets {
		to := &pl.planets[i]
		to.inReach = slices.ContainsFunc(pl.report.LocalPlanets, func(from enginev1.LocalPlanet) bool {
			return pl.distance(pl.planet(from.Number), to) <= 40*pl.own.Drive-0.01
		})
	}
}

func (pl *planner) addOrder(o enginev1.Order) { pl.orders = append(pl.orders, o) }

// sendShips sends some ships of a group; the rest stays available.
func (pl *planner) sendShips(s *availableGroup, ships, to int) {
	o := enginev1.Send(enginev1.Group(s.Number), to)
	if ships < s.Ships {
		o = o.OnlyShips(ships)
	}
	pl.addOrder(o)
	s.Ships -= ships
	pl.addEnRoute(to, s.Type, ships)
}

// loadShip loads one ship of a group and names it by an alias.
func (pl *planner) loadShip(s *availableGroup, cargo enginev1.Cargo) enginev1.GroupRef {
	pl.aliases++
	alias := "$" + strconv.Itoa(pl.aliases)
	pl.addOrder(enginev1.Load(enginev1.Group(s.Number), cargo).OnlyShips(1).Named(alias))
	s.Ships--
	return enginev1.Alias(alias)
}

func (pl *planner) createDesigns() {
	for _, o := range designs() {
		known := func(t enginev1.ShipType) bool { return t.Name == *o.Name }
		if !slices.ContainsFunc(pl.report.ShipTypes, known) {
			pl.addOrder(o)
		}
	}
}

// groupsOf returns the groups of a type that still have ships.
func (pl *planner) groupsOf(kind string) []*availableGroup {
	var found []*availableGroup
	for i := range pl.groups {
		if s := &pl.groups[i]; s.Type == kind && s.Ships > 0 {
			found = append(found, s)
		}
	}
	return found
}

// diplomacy keeps peace with stronger races while more than two are playing. A
// race that has lost every planet resigns.
func (pl *planner) diplomacy() []enginev1.Command {
	if len(pl.report.LocalPlanets) == 0 && pl.shipCounts[ark] == 0 && pl.own.State == enginev1.RaceActive {
		return []enginev1.Command{enginev1.QuitGame(pl.own.Race)}
	}
	playing := 0
	for _, race := range pl.report.Races {
		if race.State.InPlay() {
			playing++
		}
	}
	var commands []enginev1.Command
	for _, race := range pl.report.Races {
		want := enginev1.War
		if playing > 2 && race.Votes > 1.5*pl.own.Votes {
			want = enginev1.Peace
		}
		if race.Relation != enginev1.Self && race.State.InPlay() && race.Relation != want {
			commands = append(commands, enginev1.SetRelation(race.Race, want))
		}
	}
	return commands
}
