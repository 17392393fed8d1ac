package mmpo

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SweepClaim is what a sweep's link says that its runs came to, so that whoever opens it sees the figure at once and can repeat any run.
type SweepClaim struct {
	Engine  string                // EngineVersion of who made the link
	Readout string                // id of the metric whose values are told
	Runs    map[string]ClaimedRun // by the cells' keys
}

// ClaimedRun is one run as a link tells it.
type ClaimedRun struct {
	Value       float64 // of the readout, in thousandths
	Fingerprint string  // its first claimDigits: enough to notice a difference, not to withstand a forger
}

// The keys of a sweep's claim, beside "engine", and its limits.
const (
	claimReadout = "readout"
	claimRuns    = "runs"
	claimDigits  = 10
	maxClaimed   = 300 // runs that a link tells, so that it fits where links are pasted
)

// Claim returns the keys that add to the sweep's link what its trials, by key, came to: "" where there are none or too many. A run stands
// as value and digits, "7635-0123456789", in the order of the distinct cells; one that is missing or diverged stands as nothing.
func (s *Sweep) Claim(trials map[string]*Trial, readout string) string {
	cells, told := Distinct(s.Cells()), 0
	runs := make([]string, len(cells))
	for i, cell := range cells {
		t := trials[cell.Key]
		if t == nil || t.Diverged != "" || math.IsNaN(t.At(readout)) {
			continue
		}
		runs[i] = fmt.Sprintf("%d-%s", int(math.Round(1000*t.At(readout))), t.Fingerprint[:claimDigits])
		told++
	}
	if told == 0 || len(cells) > maxClaimed {
		return ""
	}
	return "&" + claimEngine + "=" + EngineVersion + "&" + claimReadout + "=" + readout + "&" + claimRuns + "=" + strings.Join(runs, ".")
}

// ReadClaim returns what a link that Claim was added to claims of s, its sweep. A link that claims nothing has no Runs; one whose claim
// does not fit the sweep is an error.
func (s *Sweep) ReadClaim(link string) (SweepClaim, error) {
	values, err := splitLink(strings.TrimPrefix(link, "#"))
	if err != nil {
		return SweepClaim{}, err
	}
	text, ok := values[claimRuns]
	if !ok {
		return SweepClaim{}, nil
	}
	claim := SweepClaim{Engine: values[claimEngine], Readout: values[claimReadout], Runs: map[string]ClaimedRun{}}
	if _, ok := FindReadout(claim.Readout); !ok {
		return SweepClaim{}, fmt.Errorf("the link tells results of %q, which is nothing that runs are judged by", claim.Readout)
	}
	cells, runs := Distinct(s.Cells()), strings.Split(text, ".")
	if len(runs) != len(cells) {
		return SweepClaim{}, fmt.Errorf("the link tells the results of %d runs, but its sweep has %d", len(runs), len(cells))
	}
	for i, text := range runs {
		if text == "" {
			continue
		}
		at := strings.LastIndex(text, "-")
		value, err := strconv.Atoi(text[:max(0, at)])
		if err != nil || len(text)-at-1 != claimDigits || strings.Trim(text[at+1:], "0123456789abcdef") != "" {
			return SweepClaim{}, fmt.Errorf("the link tells the result %q, which cannot be read", text)
		}
		claim.Runs[cells[i].Key] = ClaimedRun{Value: float64(value) / 1000, Fingerprint: text[at+1:]}
	}
	return claim, nil
}

// Trial returns a run of e as the claim tells it, nil if it does not. It has no path, and no more of its fingerprint than the link.
func (c SweepClaim) Trial(e Experiment, key string) *Trial {
	run, ok := c.Runs[key]
	if !ok {
		return nil
	}
	t := NewTrial(e)
	t.Engine, t.Fingerprint = c.Engine, run.Fingerprint
	t.Metrics = map[string]float32{c.Readout: float32(run.Value)}
	return t
}
