package bot

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Play decides a turn from its report. It is silent (nil orders: hand in no list)
// once the race is out of play or has resigned, and when the game is over.
func Play(r *enginev1.Report) ([]enginev1.Order, []enginev1.Command) {
	m := newMind(r)
	if r.Finished || !m.own.State.InPlay() {
		return nil, nil
	}
	m.design()
	m.scout()
	m.settle()
	m.attack()
	m.produce()
	if len(m.report.LocalPlanets) == 0 && m.total[ark] == 0 {
		m.orders = nil // an order would take the resignation back
	}
	return m.orders, m.diplomacy()
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
		// Guns that bomb well for their mass and can hurt their own kind, or two
		// fleets would watch each other for ever.
		enginev1.CreateType(lancer, 15, 3, 9, 15, 0),
	}
}

// place is a planet as far as the race knows it.
type place struct {
	number int
	x, y   float64
	size   float64 // of a free planet that was looked at
	people float64 // of a foreign planet that was looked at
	seen   bool
	own    bool
	foe    bool
	reach  bool // ships may be sent there
}

// squad is what is left of an own group in orbit while orders are given.
type squad struct {
	enginev1.OwnGroup
}

// mind is the bot while it thinks about one report.
type mind struct {
	report  *enginev1.Report
	own     enginev1.ReportRace
	places  []place // by number
	squads  []squad
	bound   map[int]map[string]int // ships on their way, by destination and type
	total   map[string]int         // ships by type
	orders  []enginev1.Order
	aliases int
	afield  int // drones away from home
}

func newMind(r *enginev1.Report) *mind {
	m := &mind{report: r, bound: map[int]map[string]int{}, total: map[string]int{}, orders: []enginev1.Order{}}
	for _, race := range r.Races {
		if race.Relation == enginev1.Self {
			m.own = race
		}
	}
	m.lookAround()
	for _, g := range r.Groups {
		m.total[g.Type] += g.Ships
		if g.Destination == nil {
			m.squads = append(m.squads, squad{g})
			continue
		}
		m.expect(*g.Destination, g.Type, g.Ships)
		if g.Type == drone {
			m.afield += g.Ships
		}
	}
	return m
}

func (m *mind) lookAround() {
	r := m.report
	for _, p := range r.LocalPlanets {
		m.places = append(m.places, place{number: p.Number, x: p.X, y: p.Y, size: p.Size, seen: true, own: true})
	}
	for _, p := range r.UninhabitedPlanets {
		m.places = append(m.places, place{number: p.Number, x: p.X, y: p.Y, size: p.Size, seen: true})
	}
	for _, p := range r.OtherPlanets {
		foe := m.relation(p.Owner) == enginev1.War
		m.places = append(m.places, place{number: p.Number, x: p.X, y: p.Y, people: p.Population, seen: true, foe: foe})
	}
	for _, p := range r.UnidentifiedPlanets {
		m.places = append(m.places, place{number: p.Number, x: p.X, y: p.Y})
	}
	slices.SortFunc(m.places, func(a, b place) int { return cmp.Compare(a.number, b.number) })
	m.survey()
}

func (m *mind) relation(race string) enginev1.Relation {
	for _, r := range m.report.Races {
		if r.Race == race {
			return r.Relation
		}
	}
	return enginev1.War
}

func (m *mind) expect(planet int, kind string, ships int) {
	if m.bound[planet] == nil {
		m.bound[planet] = map[string]int{}
	}
	m.bound[planet][kind] += ships
}

func (m *mind) place(number int) *place { return &m.places[number-1] }

// distance on the torus.
func (m *mind) distance(a, b *place) float64 {
	side := m.report.Galaxy.Size
	around := func(d float64) float64 { return min(math.Abs(d), side-math.Abs(d)) }
	return math.Hypot(around(a.x-b.x), around(a.y-b.y))
}

// survey marks the places that the race may send ships to.
func (m *mind) survey() {
	for i := range m.places {
		to := &m.places[i]
		to.reach = slices.ContainsFunc(m.report.LocalPlanets, func(from enginev1.LocalPlanet) bool {
			return m.distance(m.place(from.Number), to) <= 40*m.own.Drive-0.01
		})
	}
}

func (m *mind) order(o enginev1.Order) { m.orders = append(m.orders, o) }

// send sends some ships of a squad; the rest stays at hand.
func (m *mind) send(s *squad, ships, to int) {
	o := enginev1.Send(enginev1.Group(s.Number), to)
	if ships < s.Ships {
		o = o.OnlyShips(ships)
	}
	m.order(o)
	s.Ships -= ships
	m.expect(to, s.Type, ships)
}

// load fills one ship of a squad and gives it an alias.
func (m *mind) load(s *squad, cargo enginev1.Cargo) enginev1.GroupRef {
	m.aliases++
	alias := "$" + strconv.Itoa(m.aliases)
	m.order(enginev1.Load(enginev1.Group(s.Number), cargo).OnlyShips(1).Named(alias))
	s.Ships--
	return enginev1.Alias(alias)
}

func (m *mind) design() {
	for _, o := range designs() {
		known := func(t enginev1.ShipType) bool { return t.Name == *o.Name }
		if !slices.ContainsFunc(m.report.ShipTypes, known) {
			m.order(o)
		}
	}
}

// of gives the squads of a type that still have ships.
func (m *mind) of(kind string) []*squad {
	var found []*squad
	for i := range m.squads {
		if s := &m.squads[i]; s.Type == kind && s.Ships > 0 {
			found = append(found, s)
		}
	}
	return found
}

// diplomacy keeps peace with the strong until the weak are beaten. Who has lost
// every planet gives up.
func (m *mind) diplomacy() []enginev1.Command {
	if len(m.report.LocalPlanets) == 0 && m.total[ark] == 0 && m.own.State == enginev1.RaceActive {
		return []enginev1.Command{enginev1.QuitGame(m.own.Race)}
	}
	playing := 0
	for _, race := range m.report.Races {
		if race.State.InPlay() {
			playing++
		}
	}
	var commands []enginev1.Command
	for _, race := range m.report.Races {
		want := enginev1.War
		if playing > 2 && race.Votes > 1.5*m.own.Votes {
			want = enginev1.Peace
		}
		if race.Relation != enginev1.Self && race.State.InPlay() && race.Relation != want {
			commands = append(commands, enginev1.SetRelation(race.Race, want))
		}
	}
	return commands
}
