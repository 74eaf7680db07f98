package rules

// Growth is the factor by which a population grows per turn (GP, DG, NG).
const Growth = 1.08

// perColonist is how many people travel as one unit of colonists (GP, DG, NG).
const perColonist = 8

// Colony is the economy of a planet. Population and industry never exceed size
// and population; colonists, capital and materials are stocks.
type Colony struct {
	Size       float64 `json:"size"`
	Resources  float64 `json:"resources"`
	Population float64 `json:"population"`
	Industry   float64 `json:"industry"`
	Capital    float64 `json:"capital"`
	Materials  float64 `json:"materials"`
	Colonists  float64 `json:"colonists"`
}

// Production is the planet's points per turn: 0.75·I + 0.25·P (GP).
func (c Colony) Production() float64 { return 0.75*c.Industry + 0.25*c.Population }

// Mine turns points into materials: MAT += L·R (GP).
func (c *Colony) Mine(points float64) { c.Materials += points * c.Resources }

// Invest turns points into capital: 5 points and one unit of materials each;
// what the stock lacks is mined on the way, at 1/R points a unit (GP, RPT).
func (c *Colony) Invest(points float64) {
	stocked := min(points/5, c.Materials)
	c.Materials -= stocked
	c.Capital += stocked
	if c.Resources > 0 {
		c.Capital += (points - 5*stocked) / (5 + 1/c.Resources)
	}
}

// Grow increases the population by 8 %; the excess over the size becomes
// colonists, eight people to a unit (GP, NG).
func (c *Colony) Grow() {
	c.Population *= Growth
	if c.Population > c.Size {
		c.Colonists += (c.Population - c.Size) / perColonist
		c.Population = c.Size
	}
}

// Settle moves colonists into free room and then capital into unused hands (NG).
func (c *Colony) Settle() {
	settlers := max(0, min(c.Size-c.Population, perColonist*c.Colonists))
	c.Population += settlers
	c.Colonists -= settlers / perColonist
	industry := max(0, min(c.Population-c.Industry, c.Capital))
	c.Industry += industry
	c.Capital -= industry
}

// Bomb subtracts power from population and from colonists; destroyed industry
// becomes materials. Then survivors settle. It reports whether anybody is left (GP).
func (c *Colony) Bomb(power float64) (inhabited bool) {
	c.Population = max(0, c.Population-power)
	c.Colonists = max(0, c.Colonists-power)
	ruins := min(c.Industry, power)
	c.Industry -= ruins
	c.Materials += ruins
	c.Settle()
	return c.Population > 0
}

// Desert removes everything but the materials, as when a race leaves the game (GP).
func (c *Colony) Desert() {
	c.Population, c.Industry, c.Capital, c.Colonists = 0, 0, 0, 0
}

// researchCost is the effort for a whole level of any technology (GP, DG).
const researchCost = 5000

// Research is the gain in level that points bring.
func Research(points float64) float64 { return points / researchCost }

// Build spends points (including progress from earlier turns) on ships of the
// given mass: 10 points and 1 unit of materials per unit of mass. Missing
// materials are mined at 1/R points each; materials are only taken for ships
// that are completed (GP). The points left over are carried.
func (c *Colony) Build(points, mass float64) (ships int, left float64) {
	ships = floor(points / (10 * mass))
	if float64(ships)*mass > c.Materials+epsilon {
		stocked := min(ships, floor(c.Materials/mass))
		mined := 0
		if c.Resources > 0 {
			mined = floor((points + c.Materials/c.Resources) / (mass * (10 + 1/c.Resources)))
		}
		ships = max(stocked, min(ships, mined))
	}
	need := float64(ships) * mass
	stocked := min(c.Materials, need)
	c.Materials -= stocked
	left = points - 10*need
	if missing := need - stocked; missing > 0 && c.Resources > 0 {
		left -= missing / c.Resources
	}
	return ships, max(0, left)
}

// Salvage turns the progress on a ship that will not be finished into materials:
// as many as the points would have bought with a mass to match (GP, RPT).
func (c *Colony) Salvage(progress float64) {
	if c.Resources > 0 {
		c.Materials += progress / (10 + 1/c.Resources)
	}
}

// Votes of a population: one per thousand (GP).
func Votes(population float64) float64 { return population / 1000 }

// Majority reports whether votes are at least share of total (GP: two thirds). The
// quotient is rounded to the six decimals in which the share is agreed.
func Majority(votes, total, share float64) bool {
	return total > 0 && RoundState(votes/total) >= share
}
