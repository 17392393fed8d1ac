package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"margins/datasets"
	"margins/mmpo"
)

// sent is one thing that a session told its page.
type sent struct {
	message     any
	attachments map[string][]byte
	tag, id     int
	floats      []float32
}

// recordingPage keeps what it is told.
type recordingPage struct {
	all    []sent
	awake  bool
	breath func()
}

func (p *recordingPage) Post(message any, attachments map[string][]byte) {
	if _, err := json.Marshal(message); err != nil {
		panic(err)
	}
	p.all = append(p.all, sent{message: message, attachments: attachments})
}

func (p *recordingPage) Floats(tag, id int, data []float32) {
	p.all = append(p.all, sent{tag: tag, id: id, floats: append([]float32(nil), data...)})
}

func (p *recordingPage) Wake() { p.awake = true }

func (p *recordingPage) Breathe() {
	if p.breath != nil {
		p.breath()
	}
}

func (p *recordingPage) OpenStore() datasets.Store { return datasets.NewMemoryStore("for a test") }

// last returns the last message of the type, and fails the test if there is none.
func last[T any](t *testing.T, p *recordingPage) (T, map[string][]byte) {
	t.Helper()
	for i := len(p.all) - 1; i >= 0; i-- {
		if m, ok := p.all[i].message.(T); ok {
			return m, p.all[i].attachments
		}
	}
	require.Failf(t, "no message", "the page got no %T; the last is %+v", *new(T), p.all[len(p.all)-1].message)
	panic("unreachable")
}

// rows returns all rows of the run that the request opened.
func (p *recordingPage) rows(id int) (rows []mmpo.Row) {
	width := 1 + len(mmpo.Metrics)
	for _, s := range p.all {
		if s.tag != TagRows || s.id != id {
			continue
		}
		for at := 0; at < len(s.floats); at += width {
			rows = append(rows, mmpo.Row(s.floats[at:at+width]))
		}
	}
	return rows
}

func newSession() (*Session, *recordingPage) {
	page := &recordingPage{}
	return NewSession(page), page
}

// short is an experiment of a second.
func short(t *testing.T, change func(*mmpo.Experiment)) *mmpo.Experiment {
	t.Helper()
	e := mmpo.DefaultComparison().B
	e.Pairs, e.Train.Steps, e.Train.Batch = 32, 12, 16
	if change != nil {
		change(&e)
	}
	return &e
}

func shippedReference(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile("../mmpo/references/" + mmpo.Shipped[0].File)
	require.NoError(t, err)
	return b
}

// playOut ticks until there is nothing to do.
func playOut(s *Session) {
	for s.Tick() >= 0 {
	}
}

// A run that was prepared is opened as it would have been made then, and only if nothing else is asked for.
func TestAPreparedRunIsOpened(t *testing.T) {
	reference, e := shippedReference(t), short(t, nil)
	plain, want := newSession()
	plain.Handle(Request{ID: 2, Type: Open, Experiment: e}, Attachments{Reference: reference})

	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Prepare, Experiment: e}, Attachments{Reference: reference})
	prepared, _ := last[Prepared](t, page)
	assert.Equal(t, Prepared{ID: 1, Type: "prepared"}, prepared)
	require.Len(t, page.all, 1, "nothing is told of a run that is not open")
	ahead := s.prepared
	s.Handle(Request{ID: 2, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: reference})
	assert.Same(t, ahead, s.run)
	assert.Nil(t, s.prepared)
	assert.Equal(t, written(t, want.all), written(t, page.all[1:]), "every message and number")

	s.Handle(Request{ID: 3, Type: Prepare, Experiment: e}, Attachments{Reference: reference})
	assert.Nil(t, s.prepared, "beside an open run there is no other")
	assert.Same(t, ahead, s.run)

	s, page = newSession()
	s.Handle(Request{ID: 1, Type: Prepare, Experiment: e}, Attachments{Reference: reference})
	ahead = s.prepared
	s.Handle(Request{ID: 2, Type: Open, Experiment: short(t, func(e *mmpo.Experiment) { e.Seed++ })}, Attachments{Reference: reference})
	assert.NotSame(t, ahead, s.run)
	opened, _ := last[Opened](t, page)
	assert.Equal(t, e.Seed+1, opened.Experiment.Seed)

	s, page = newSession()
	s.Handle(Request{ID: 1, Type: Prepare}, Attachments{})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "bad-request", failed.Code, "a request without an experiment")
}

// written returns what was sent as text, in which a NaN equals a NaN.
func written(t *testing.T, all []sent) (lines []string) {
	for _, s := range all {
		message, err := json.Marshal(s.message)
		require.NoError(t, err)
		lines = append(lines, fmt.Sprint(s.tag, s.id, s.floats, string(message)))
	}
	return lines
}

func TestARunFromOpenToDone(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 7, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: shippedReference(t)})
	opened, _ := last[Opened](t, page)
	assert.Equal(t, 7, opened.ID)
	assert.Equal(t, "opened", opened.Type)
	assert.Equal(t, 32, opened.Summary.Train)
	ready, _ := last[State](t, page)
	assert.Equal(t, State{ID: 7, Type: "state", Phase: Ready, Steps: 12, Stored: []int{0}}, ready)
	before, _ := last[Samples](t, page)

	assert.Negative(t, s.Tick(), "nothing happens before Play")
	s.Handle(Request{ID: 8, Type: Play}, Attachments{})
	assert.True(t, page.awake)
	playOut(s)
	done, _ := last[State](t, page)
	assert.Equal(t, Done, done.Phase)
	assert.Equal(t, 12, done.Step)
	assert.Len(t, done.Fingerprint, 64)
	assert.Equal(t, []int{0, 10, 12}, done.Stored)

	rows := page.rows(7)
	require.Len(t, rows, 13, "a row before the first step and one after each")
	for i, row := range rows {
		assert.Equal(t, float32(i), row[0])
		assert.Equal(t, i%10 != 0 && i != 12, math.IsNaN(row.At("true_score")), "step %d", i)
	}
	after, _ := last[Samples](t, page)
	assert.Equal(t, 12, after.Step)
	assert.Equal(t, before.Samples[0].Prompt, after.Samples[0].Prompt)
	assert.NotEqual(t, before.Samples, after.Samples)
	final := page.all[len(page.all)-2]
	assert.Equal(t, TagMargins, final.tag)
	assert.Equal(t, []float32{12, 32, 256}, final.floats[:3])
	assert.Len(t, final.floats, 3+32+256)
}

func TestPauseStepAndSeekGiveTheSameBits(t *testing.T) {
	reference := shippedReference(t)
	finish := func(play func(*Session)) string {
		s, page := newSession()
		s.Handle(Request{ID: 1, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: reference})
		play(s)
		s.Handle(Request{ID: 9, Type: Play}, Attachments{})
		playOut(s)
		state, _ := last[State](t, page)
		require.Equal(t, Done, state.Phase)
		return state.Fingerprint
	}
	straight := finish(func(*Session) {})
	assert.Equal(t, straight, finish(func(s *Session) {
		s.Handle(Request{ID: 2, Type: Play}, Attachments{})
		s.Tick()
		s.Handle(Request{ID: 3, Type: Pause}, Attachments{})
		assert.Negative(t, s.Tick())
		s.Handle(Request{ID: 4, Type: Step}, Attachments{})
	}))
	assert.Equal(t, straight, finish(func(s *Session) {
		s.Handle(Request{ID: 2, Type: Play}, Attachments{})
		playOut(s)
		s.Handle(Request{ID: 3, Type: Seek, To: 10}, Attachments{})
		assert.Equal(t, 10, s.run.run.Taken())
	}))
}

func TestSaveKeepRecallAndResume(t *testing.T) {
	reference := shippedReference(t)
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: reference})
	for range 5 {
		s.Handle(Request{ID: 2, Type: Step}, Attachments{})
	}
	s.Handle(Request{ID: 3, Type: Save}, Attachments{})
	saved, attachments := last[Saved](t, page)
	assert.Equal(t, 5, saved.Step)
	s.Handle(Request{ID: 4, Type: Play}, Attachments{})
	playOut(s)
	straight, _ := last[State](t, page)

	s, page = newSession()
	s.Handle(Request{ID: 1, Type: Keep, Key: "autosave/a"}, Attachments{Checkpoint: attachments["checkpoint"]})
	kept, _ := last[Kept](t, page)
	assert.False(t, kept.Lasting)
	s.Handle(Request{ID: 2, Type: Recall, Key: "autosave/b"}, Attachments{})
	_, none := last[Recalled](t, page)
	assert.Empty(t, none)
	s.Handle(Request{ID: 3, Type: Recall, Key: "autosave/a"}, Attachments{})
	_, recalled := last[Recalled](t, page)
	s.Handle(Request{ID: 4, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: reference, Checkpoint: recalled["checkpoint"]})
	resumed, _ := last[State](t, page)
	assert.Equal(t, 5, resumed.Step)
	assert.Equal(t, Paused, resumed.Phase)
	s.Handle(Request{ID: 5, Type: Play}, Attachments{})
	playOut(s)
	again, _ := last[State](t, page)
	assert.Equal(t, straight.Fingerprint, again.Fingerprint)

	s.Handle(Request{ID: 6, Type: Open, Experiment: short(t, func(e *mmpo.Experiment) { e.Grader.Levels = 2 })},
		Attachments{Reference: reference, Checkpoint: recalled["checkpoint"]})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "The run cannot be resumed: the checkpoint is of another experiment.", failed.Message)
}

func TestLiveChangesAreTold(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Open, Experiment: short(t, nil)}, Attachments{Reference: shippedReference(t)})
	changed := short(t, nil).Objective
	changed.Gamma = 3
	s.Handle(Request{ID: 2, Type: Set, Changes: &changed, LR: 1e-3}, Attachments{})
	state, _ := last[State](t, page)
	assert.Equal(t, 1, state.Altered)
	changed.Gamma = -3
	s.Handle(Request{ID: 3, Type: Set, Changes: &changed}, Attachments{})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, Failed{ID: 3, Type: "failed", Code: "bad-setting", Message: "gamma: -3 is not possible, so 0.01 is used."}, failed)
}

func TestADivergedRunSaysSo(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Open, Experiment: short(t, func(e *mmpo.Experiment) { e.Train.LR = 1 })}, Attachments{Reference: shippedReference(t)})
	s.Handle(Request{ID: 2, Type: Play}, Attachments{})
	playOut(s)
	state, _ := last[State](t, page)
	assert.Equal(t, Diverged, state.Phase)
	assert.Contains(t, state.Message, "Lower the learning rate, which is 1.")
	assert.Empty(t, state.Fingerprint)
	s.Handle(Request{ID: 3, Type: Play}, Attachments{})
	assert.Negative(t, s.Tick(), "it does not go on")
}

func TestRequestsThatCannotBeDone(t *testing.T) {
	reference := shippedReference(t)
	for name, c := range map[string]struct {
		request       Request
		attachments   Attachments
		code, message string
	}{
		"unknown":       {Request{Type: "dance"}, Attachments{}, "bad-request", `There is no request "dance".`},
		"no experiment": {Request{Type: Open}, Attachments{}, "bad-request", `The request "open" has no experiment.`},
		"bad setting": {Request{Type: Open, Experiment: short(t, func(e *mmpo.Experiment) { e.Pairs = -1 })}, Attachments{Reference: reference},
			"bad-setting", "Pairs: -1 is not possible, so 8 is used."},
		"no reference": {Request{Type: Pairs, Experiment: short(t, nil)}, Attachments{}, "bad-reference",
			"The reference cannot be used: this is not a checkpoint of Margins."},
		"another size": {Request{Type: Pairs, Experiment: short(t, func(e *mmpo.Experiment) { e.Model.Width = 64 })}, Attachments{Reference: reference},
			"no-pairs", "the reference is 48 wide with 2 layers of 4 heads, not 64, 2 and 4."},
		"no run":     {Request{Type: Play}, Attachments{}, "no-run", "No run is open."},
		"no file":    {Request{Type: Import}, Attachments{}, "bad-request", "The import has no file."},
		"no data":    {Request{Type: Preview, Dataset: "data:0123456789abcdef"}, Attachments{}, "no-dataset", ""},
		"bad link":   {Request{Type: ReadLink, Link: "objective=ppo"}, Attachments{}, "bad-link", `objective: there is no "ppo".`},
		"empty file": {Request{Type: Import, Name: "a.json"}, Attachments{File: strings.NewReader("")}, "empty", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, page := newSession()
			c.request.ID = 5
			s.Handle(c.request, c.attachments)
			failed, _ := last[Failed](t, page)
			assert.Equal(t, 5, failed.ID)
			assert.Equal(t, c.code, failed.Code)
			if c.message != "" {
				assert.Equal(t, c.message, failed.Message)
			}
		})
	}
}

// gradedRows is a file of n graded pairs as JSON lines.
func gradedRows(n int) string {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"prompt":"Where is number %d?","chosen":"Number %d is here, please come in.","rejected":"Go away, %d.","score_chosen":%d,"score_rejected":%d}`+"\n",
			i, i, i, 6+i%4, 1+i%3)
	}
	return b.String()
}

func TestImportedDataFromFileToRun(t *testing.T) {
	s, page := newSession()
	file := gradedRows(120) + `{"prompt":"p","chosen":"c","rejected":"r","score_chosen":"N/A","score_rejected":1}` + "\n"
	s.Handle(Request{ID: 1, Type: Import, Name: "mine.jsonl", Size: int64(len(file))}, Attachments{File: strings.NewReader(file)})
	imported, _ := last[Imported](t, page)
	assert.Equal(t, 120, imported.Dataset.Records)
	assert.Equal(t, 121, imported.Report.Rows)
	require.Len(t, imported.Report.Examples, 1)
	assert.Equal(t, 121, imported.Report.Examples[0].Row)

	id := imported.Dataset.ID
	s.Handle(Request{ID: 2, Type: Preview, Dataset: id, Offset: 118, Limit: 5}, Attachments{})
	preview, _ := last[Previewed](t, page)
	assert.Len(t, preview.Records, 2)
	s.Handle(Request{ID: 3, Type: Delete, Dataset: id}, Attachments{})
	listed, _ := last[Listed](t, page)
	assert.Empty(t, listed.Datasets)
	s.Handle(Request{ID: 4, Type: Restore, Dataset: id}, Attachments{})
	listed, _ = last[Listed](t, page)
	assert.Len(t, listed.Datasets, 1)

	e := short(t, func(e *mmpo.Experiment) {
		e.World, e.Model = id, mmpo.Model{Width: 16, Layers: 1, Heads: 2}
	})
	s.Handle(Request{ID: 5, Type: Load, Experiment: e}, Attachments{})
	_, loaded := last[Loaded](t, page)
	sample, err := datasets.DecodeData(loaded["data"])
	require.NoError(t, err)
	assert.Less(t, len(sample), 120, "what is not drawn is not loaded")
	s.Handle(Request{ID: 6, Type: Fit, Experiment: e}, Attachments{})
	fitted, attachments := last[Fitted](t, page)
	assert.True(t, fitted.Kept)
	s.Handle(Request{ID: 7, Type: Fit, Experiment: e}, Attachments{})
	again, _ := last[Fitted](t, page)
	assert.Equal(t, fitted.Fingerprint, again.Fingerprint)
	s.Handle(Request{ID: 8, Type: Open, Experiment: e}, Attachments{Reference: attachments["reference"], Data: loaded["data"]})
	s.Handle(Request{ID: 9, Type: Play}, Attachments{})
	playOut(s)
	state, _ := last[State](t, page)
	assert.Equal(t, Done, state.Phase)
}

func TestStopCancels(t *testing.T) {
	s, page := newSession()
	page.breath = s.Stop
	s.Handle(Request{ID: 1, Type: Fit, Experiment: short(t, func(e *mmpo.Experiment) { e.Model.Width = 128 })}, Attachments{})
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "canceled", failed.Code)
}

func TestPairsAreShownBeforeARun(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Pairs, Experiment: short(t, nil)}, Attachments{Reference: shippedReference(t)})
	paired, _ := last[Paired](t, page)
	assert.Len(t, paired.Pairs, 32+256)
	first := paired.Pairs[0]
	assert.GreaterOrEqual(t, first.ScoreChosen, first.ScoreRejected)
	assert.InDelta(t, first.ScoreChosen-first.ScoreRejected, first.Margin, 1e-12)
	assert.NotNil(t, first.TrueChosen)
	assert.True(t, paired.Pairs[32].HeldOut)
}

func TestLinksThroughTheSession(t *testing.T) {
	s, page := newSession()
	c := mmpo.DefaultComparison()
	c.A.Grader.Levels, c.B.Grader.Levels = 2, 2
	s.Handle(Request{ID: 1, Type: WriteLink, Comparison: &c}, Attachments{})
	written, _ := last[LinkWritten](t, page)
	assert.Equal(t, "v=1&levels=2&seed=1", written.Link)
	claim := mmpo.Claim{Engine: "1", A: strings.Repeat("a", 64), B: strings.Repeat("b", 64)}
	s.Handle(Request{ID: 2, Type: WriteLink, Comparison: &c, Claim: &claim}, Attachments{})
	written, _ = last[LinkWritten](t, page)
	s.Handle(Request{ID: 3, Type: ReadLink, Link: "#" + written.Link + "&x=1"}, Attachments{})
	read, _ := last[LinkRead](t, page)
	assert.Equal(t, c, read.Comparison)
	assert.Equal(t, claim, read.Claim)
	assert.Len(t, read.Notices, 1)
}

func TestStoredStepsStayFew(t *testing.T) {
	s, page := newSession()
	s.Handle(Request{ID: 1, Type: Open, Experiment: short(t, func(e *mmpo.Experiment) {
		e.Pairs, e.Train.Batch, e.Train.Steps = 8, 1, 250
	})}, Attachments{Reference: shippedReference(t)})
	s.Handle(Request{ID: 2, Type: Play}, Attachments{})
	playOut(s)
	state, _ := last[State](t, page)
	assert.LessOrEqual(t, len(state.Stored), maxStored)
	assert.Equal(t, 0, state.Stored[0])
	assert.Equal(t, 250, state.Stored[len(state.Stored)-1])
	for i := 2; i < len(state.Stored)-1; i++ {
		assert.Equal(t, 40, state.Stored[i]-state.Stored[i-1], "%v", state.Stored)
	}
}

// A judge is trained when pairs are made, with progress, and Stop ends it.
func TestAJudgeTellsHowItLearns(t *testing.T) {
	s, page := newSession()
	judged := short(t, func(e *mmpo.Experiment) { e.Grader.Judge = 8 })
	page.breath = s.Stop
	attachments := Attachments{Reference: shippedReference(t)}
	s.Handle(Request{ID: 1, Type: Pairs, Experiment: judged}, attachments)
	failed, _ := last[Failed](t, page)
	assert.Equal(t, "canceled", failed.Code)
	progress, _ := last[Progress](t, page)
	assert.Contains(t, progress.Label, "The AI judge learns: step ")

	page.breath = nil
	s.Handle(Request{ID: 2, Type: Pairs, Experiment: judged}, attachments)
	paired, _ := last[Paired](t, page)
	assert.Equal(t, 2, paired.ID)
	assert.Equal(t, 32, paired.Summary.Train)
}
