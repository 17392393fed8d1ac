package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// evalObjective runs the command on lines.
func evalObjective(id string, set []string, lines ...string) (out, notices string, err error) {
	var o, n strings.Builder
	err = (&evalObjectiveCommand{ID: id, Set: set}).evaluate(strings.NewReader(strings.Join(lines, "\n")), &o, &n)
	return o.String(), n.String(), err
}

const pairText = `"policy_chosen": -20, "policy_rejected": -24, "reference_chosen": -20, "reference_rejected": -24`

func TestEvalObjective(t *testing.T) {
	for _, test := range []struct {
		name, id string
		set      []string
		line     string
		want     string
	}{
		{"ln 2", "dpo", []string{"beta=0.5"}, `{` + pairText + `}`, `{"loss":0.6931471805599453,"d_chosen":-0.25,"d_rejected":0.25}`},
		{"margin", "rpo-sq", []string{"beta=1", "gamma=0.5"}, `{` + pairText + `, "margin": 4}`, `{"loss":4,"d_chosen":-4,"d_rejected":4}`},
		{"scores", "rpo-sq", []string{"beta=1", "gamma=0.5"}, `{` + pairText + `, "score_chosen": 9, "score_rejected": 5}`, `{"loss":4,"d_chosen":-4,"d_rejected":4}`},
		{"no reference", "simpo", []string{"beta=2", "lead=0"}, `{"policy_chosen": -8, "policy_rejected": -4, "len_chosen": 4, "len_rejected": 2}`,
			`{"loss":0.6931471805599453,"d_chosen":-0.25,"d_rejected":0.5}`},
		{"batch", "kto", []string{"beta=0.5"}, `{` + pairText + `, "kl": 0}`, `{"loss":0.5,"d_chosen":-0.0625,"d_rejected":0.0625,"kl":0}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, notices, err := evalObjective(test.id, test.set, test.line, "", test.line)
			require.NoError(t, err)
			assert.Empty(t, notices)
			assert.Equal(t, test.want+"\n"+test.want+"\n", out)
		})
	}
	_, notices, err := evalObjective("dpo", []string{"beta=99"}, `{`+pairText+`}`)
	require.NoError(t, err)
	assert.Equal(t, "beta: 99 is not possible, so 10 is used\n", notices)
	moved := `{"policy_chosen": -18, "policy_rejected": -24, "reference_chosen": -20, "reference_rejected": -24}`
	out, _, err := evalObjective("kto", []string{"beta=0.5"}, moved, moved)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(out, `"kl":1}`), "z is the mean of rho over all lines: %s", out)
}

func TestEvalObjectiveErrors(t *testing.T) {
	good := `{` + pairText + `, "margin": 1}`
	for _, test := range []struct{ id, set, line, message string }{
		{"ppo", "", good, `there is no objective "ppo"; "margins objectives" lists them`},
		{"dpo", "gamma=1", good, `dpo has no parameter "gamma"`},
		{"dpo", "beta=x", good, `beta: "x" is not a number`},
		{"dpo", "", `{"policy_chosen": -1}`, "line 2: policy_rejected is missing"},
		{"dpo", "", `{"policy_chosen": -1, "policy_rejected": -2}`, "line 2: reference_chosen is missing"},
		{"dpo", "", `policy_chosen`, "line 2: invalid character 'p' looking for beginning of value"},
		{"mmpo", "", `{` + pairText + `}`, "line 2: margin is missing, and so is one of score_chosen and score_rejected"},
		{"rk", "", `{` + pairText + `, "score_chosen": 3}`, "line 2: margin is missing, and so is one of score_chosen and score_rejected"},
		{"mmpo", "", `{` + pairText + `, "margin": -2}`, "line 2: the margin is -2: the chosen response is the one with the higher grade"},
		{"simpo", "", `{` + pairText + `}`, "line 2: len_chosen is missing, or less than 1"},
	} {
		t.Run(test.id+" "+test.message, func(t *testing.T) {
			var set []string
			if test.set != "" {
				set = append(set, test.set)
			}
			first := strings.Replace(good, "{", `{"len_chosen": 1, "len_rejected": 1, `, 1)
			out, _, err := evalObjective(test.id, set, first, test.line)
			require.EqualError(t, err, test.message)
			assert.Empty(t, out, "nothing is printed before all is read")
		})
	}
}
