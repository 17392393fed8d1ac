package mmpo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// claimedSweep is a sweep of four cells, and trials of three of them.
func claimedSweep() (Sweep, map[string]*Trial) {
	s := DefaultSweep()
	s.Seeds, s.Axes[0].Values = 1, []string{"2", "exact"}
	trials := map[string]*Trial{}
	for i, cell := range s.Cells()[:3] {
		t := NewTrial(cell.Experiment)
		t.Metrics, t.Fingerprint = map[string]float32{"true_score": 7.6349 - float32(i)*9}, strings.Repeat(fmt.Sprint(i), 64)
		trials[cell.Key] = t
	}
	return s, trials
}

func TestSweepClaims(t *testing.T) {
	s, trials := claimedSweep()
	link := s.Link() + s.Claim(trials, "true_score")
	assert.Contains(t, link, "&engine="+EngineVersion+"&readout=true_score&runs=7635-0000000000.-1365-1111111111.-10365-2222222222.")
	read, notices, err := ParseSweepLink("#" + link)
	require.NoError(t, err)
	assert.Empty(t, notices, "a claim is no setting")
	assert.Equal(t, s, read)
	claim, err := read.ReadClaim("#" + link)
	require.NoError(t, err)
	assert.Equal(t, "true_score", claim.Readout)
	require.Len(t, claim.Runs, 3)
	for i, cell := range s.Cells() {
		told := claim.Trial(cell.Experiment, cell.Key)
		if i == 3 {
			assert.Nil(t, told)
			continue
		}
		assert.InDelta(t, trials[cell.Key].At("true_score"), told.At("true_score"), 5e-4)
		assert.True(t, strings.HasPrefix(trials[cell.Key].Fingerprint, told.Fingerprint))
	}
	readout, _ := FindReadout("true_score")
	sum := Summarize(&s, map[string]*Trial{s.Cells()[0].Key: claim.Trial(s.Cells()[0].Experiment, s.Cells()[0].Key)}, readout, 0)
	assert.InDelta(t, 7.635, *sum.Points[0].Median, 1e-6, "what is told can be drawn")
}

func TestWhatIsNotClaimed(t *testing.T) {
	s, trials := claimedSweep()
	assert.Empty(t, s.Claim(nil, "true_score"))
	trials[s.Cells()[0].Key].Diverged = "it did"
	assert.Contains(t, s.Claim(trials, "true_score"), "runs=.-1365-")
	s.Seeds = maxClaimed
	assert.Empty(t, s.Claim(trials, "true_score"), "a link has to fit where it is pasted")
	s, _ = claimedSweep()
	claim, err := s.ReadClaim(s.Link())
	require.NoError(t, err)
	assert.Empty(t, claim.Runs)
}

func TestBadSweepClaims(t *testing.T) {
	s, _ := claimedSweep()
	for link, says := range map[string]string{
		"readout=luck&runs=...":                     "luck",
		"readout=true_score&runs=..":                "3 runs",
		"readout=true_score&runs=1-0123456789.x..":  `"x"`,
		"readout=true_score&runs=1-012345678...":    `"1-012345678"`,
		"readout=true_score&runs=1-012345678g...":   `"1-012345678g"`,
		"readout=true_score&runs=-0123456789...":    `"-0123456789"`,
		"readout=true_score&runs=1%2-0123456789...": "%2-",
		"readout=true_score&runs=9e9-0123456789...": `"9e9-0123456789"`,
	} {
		_, err := s.ReadClaim(link)
		if assert.Error(t, err, link) {
			assert.Contains(t, err.Error(), says)
		}
	}
}
