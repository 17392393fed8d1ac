package main

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"margins/mmpo"
)

func TestRewardEstimates(t *testing.T) {
	one, three := 1.0, 3.0
	of := func(r mmpo.Reading) *float64 { return r.Pearson }
	for _, c := range []struct {
		name     string
		readings []mmpo.Reading
		want     string
	}{
		{"nobody knows", []mmpo.Reading{{}, {}}, "-"},
		{"one seed", []mmpo.Reading{{Pearson: &one}}, "1.000"},
		{"a seed without it", []mmpo.Reading{{Pearson: &one}, {}}, "1.000"},
		{"two seeds", []mmpo.Reading{{Pearson: &one}, {Pearson: &three}}, "2.000 ± 12.706"},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, estimate(c.readings, of)) })
	}
}

// Every column of the tables is that of its judge.
func TestRewardRows(t *testing.T) {
	c := mmpo.DefaultComparison()
	reading := func(x float64) mmpo.Reading { return mmpo.Reading{Accuracy: &x} }
	s := studied{Seeds: []mmpo.Judges{{
		Models: []mmpo.RewardStudy{{Reading: reading(1), Best: &mmpo.BestOf{Peak: 1}}, {Reading: reading(2), Best: &mmpo.BestOf{Peak: 2}}},
		A:      mmpo.PolicyReading{Reading: reading(3)}, B: mmpo.PolicyReading{Reading: reading(4)},
	}}}
	var titles []string
	for i, row := range s.rows(c) {
		titles = append(titles, row.title)
		assert.Equal(t, float64(i+1), *row.readings[0].Accuracy)
		if i < 2 {
			assert.Equal(t, i+1, row.best[0].Peak)
		} else {
			assert.Nil(t, row.best)
		}
	}
	assert.Equal(t, []string{"Bradley-Terry", "Margin matching", "A: dpo, implicit", "B: mmpo, implicit"}, titles)
}
