package datasets

// rule is a row of a world's true score: an attribute of a response R to what a prompt asks for, B. Worths are in hundredths of a point,
// so that sums are exact, by the world's stakes; each column allows 9 points at the most.
type rule[B, R any] struct {
	id, title string
	worth     []int
	units     func(b B, r *R) int // how often the response earns the worth
}

// attributes returns what the rules reward, in their order.
func attributes[B, R any](rules []rule[B, R]) []Attribute {
	all := make([]Attribute, len(rules))
	for i, r := range rules {
		all[i] = Attribute{r.id, r.title}
	}
	return all
}

// judge adds up what a valid response earns under the stakes of that column.
func judge[B, R any](rules []rule[B, R], column int, b B, response *R) Judgement {
	j, total := Judgement{Valid: true}, 0
	for _, r := range rules {
		if points := r.units(b, response) * r.worth[column]; points != 0 {
			j.Parts = append(j.Parts, Part{ID: r.id, Points: float64(points) / 100})
			total += points
		}
	}
	j.Score = ScaleMin + float64(total)/100
	return j
}

// unreadable judges a response that does not parse.
var unreadable = Judgement{Score: ScaleMin}

// findStake returns the column of the stakes of that id, or of a viewer of theirs: viewers' columns follow the stakes'. It panics if the world
// has none of it: mmpo checks experiments before they run.
func findStake(world string, stakes []Stake, id string, viewers ...Viewer) int {
	for i, s := range stakes {
		if s.ID == id {
			return i
		}
	}
	for i, v := range viewers {
		if v.ID == id {
			return len(stakes) + i
		}
	}
	panic("datasets: " + world + " has no stakes " + id)
}

func oneIf(is bool) int {
	if is {
		return 1
	}
	return 0
}
