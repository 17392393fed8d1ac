package main

import (
	"reflect"
	"strings"

	"margins/datasets"
	"margins/mmpo"
)

// The protocol between the page and a worker. A request carries an ID; every message that answers it carries the same ID.
// TypeScript's view of these types is site/src/engine/protocol.gen.ts, written by this package's golden test.
//
// A worker keeps at most one run. The page has three workers: one for the data, one for run A, one for run B; all run the same program.
// What few visits need (full.go) is asked of a worker of the full program, which is started for the purpose and ended afterwards.

// Request is a message from the page. Which fields are set depends on Type.
type Request struct {
	ID   int         `json:"id"`
	Type RequestType `json:"type"`

	Experiment *mmpo.Experiment `json:"experiment,omitempty"` // pairs, fit, open, load
	Offset     int              `json:"offset,omitempty"`     // preview
	Limit      int              `json:"limit,omitempty"`      // preview
	Dataset    string           `json:"dataset,omitempty"`    // preview, delete, restore
	Name       string           `json:"name,omitempty"`       // import: the file's name
	Size       int64            `json:"size,omitempty"`       // import: the file's size in bytes
	Link       string           `json:"link,omitempty"`       // readLink: a URL fragment
	Comparison *mmpo.Comparison `json:"comparison,omitempty"` // writeLink
	Claim      *mmpo.Claim      `json:"claim,omitempty"`      // writeLink: fingerprints of the finished runs, if there are any
	StepRate   float64          `json:"stepRate,omitempty"`   // play: most steps a second; 0 is as fast as the machine can
	Changes    *mmpo.Choose     `json:"changes,omitempty"`    // set: the objective's parameters from now on
	LR         float64          `json:"lr,omitempty"`         // set: the learning rate from now on

	Pair int `json:"pair,omitempty"` // inspect: its place in the order of TagMargins

	Sweep   *mmpo.Sweep `json:"sweep,omitempty"`   // plan
	Tune    int         `json:"tune,omitempty"`    // plan: seeds on which the objectives are tuned first; 0 runs them as they are
	Readout string      `json:"readout,omitempty"` // judge: a metric's id, or "score_at_kl"
	KL      float64     `json:"kl,omitempty"`      // judge: where score_at_kl is read, nats; 0 is as far as all runs went

	Key string `json:"key,omitempty"` // keep, recall: what bytes are kept under
	To  int    `json:"to,omitempty"`  // seek: a step among State.Stored

	// Beside the JSON the glue hands over binary attachments: "reference" (a checkpoint: pairs, open), "data" (records of an imported
	// data set as load returned them: pairs, open), "checkpoint" (of a run, as save returned it: open; any bytes: keep), "weights"
	// (a safetensors file: loadWeights) and "file" (import: a Blob, read in slices).
}

// RequestType says what is asked.
type RequestType string

// The requests. Those that end in an error are answered by Failed.
const (
	Import    RequestType = "import"    // file -> Progress..., Imported
	List      RequestType = "list"      // -> Listed
	Preview   RequestType = "preview"   // dataset, offset, limit -> Previewed
	Delete    RequestType = "delete"    // dataset -> Listed; the data set goes to the trash
	Restore   RequestType = "restore"   // dataset -> Listed; it comes back from the trash
	Load      RequestType = "load"      // experiment -> Loaded with attachment "data"
	Fit       RequestType = "fit"       // experiment -> Progress..., Fitted with attachment "reference"
	Pairs     RequestType = "pairs"     // experiment, reference, (data) -> Paired
	ReadLink  RequestType = "readLink"  // link -> LinkRead
	WriteLink RequestType = "writeLink" // comparison -> LinkWritten

	Keep   RequestType = "keep"   // key, checkpoint -> Kept; no checkpoint forgets the key
	Recall RequestType = "recall" // key -> Recalled, with attachment "checkpoint" if there are bytes under the key

	Prepare RequestType = "prepare" // as for open -> Prepared: an open of the same experiment will start at once

	Open  RequestType = "open"  // experiment, reference, (data), (checkpoint to go on from) -> Opened, then State and Samples
	Play  RequestType = "play"  // stepRate -> State...
	Pause RequestType = "pause" // -> State
	Step  RequestType = "step"  // one optimizer step -> State
	Set   RequestType = "set"   // changes, lr -> State; the run is no longer the link's
	Save  RequestType = "save"  // -> Saved with attachment "checkpoint"
	Seek  RequestType = "seek"  // to -> State, floats and Samples of that step; playing goes on from there

	Adopt RequestType = "adopt" // checkpoint -> Adopted, State and Samples; the run is held where its checkpoint is

	// Of the full program. These look into a run, by a copy of it: all take experiment, reference, (data) and checkpoint, too.
	Inspect     RequestType = "inspect"     // pair -> Inspected with attachment "attention"
	Embed       RequestType = "embed"       // -> Embedded
	ReadRun     RequestType = "readRun"     // -> RunRead
	SaveWeights RequestType = "saveWeights" // -> WeightsSaved with attachment "weights"
	LoadWeights RequestType = "loadWeights" // weights -> WeightsLoaded with attachment "checkpoint", for Adopt; it is no longer the link's

	Reward   RequestType = "reward"   // experiment, reference, (data) -> Progress..., Rewarded
	Frontier RequestType = "frontier" // experiment, reference -> Surveyed; asked again until it is done, since each does a short piece

	// Of the full program, too. One worker keeps a sweep; others complete its runs.
	Plan     RequestType = "plan"     // sweep or link, (tune) -> Planned: what of it is to be run
	Take     RequestType = "take"     // (experiment that the worker ran last) -> Taken
	Complete RequestType = "complete" // experiment, reference, (data) -> Progress..., Completed with attachment "data"
	Add      RequestType = "add"      // data as Completed attached it -> Added
	Judge    RequestType = "judge"    // readout, kl -> Judged
	Show     RequestType = "show"     // -> Shown
	Share    RequestType = "share"    // -> LinkWritten: the sweep's link, with what its runs came to

	Stop RequestType = "stop" // cancels a fit or an import under way; the request then ends in Failed with code "canceled"
)

// typeName returns the Type of a message: the name of its struct with a small first letter. It is the only source of these names, in
// Go and in TypeScript.
func typeName(message any) string {
	t := reflect.TypeOf(message)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return strings.ToLower(t.Name()[:1]) + t.Name()[1:]
}

// Failed answers a request that could not be done. Nothing that was there before is lost.
type Failed struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`    // "failed"
	Code    string `json:"code"`    // for programs: "bad-file", "no-dataset", "canceled", ...
	Message string `json:"message"` // for people: what is wrong and where
}

// Progress tells how far a long request is.
type Progress struct {
	ID    int     `json:"id"`
	Type  string  `json:"type"`  // "progress"
	Done  float64 `json:"done"`  // 0 to 1
	Label string  `json:"label"` // "1,200 rows read", "step 80 of 400, loss 3.21"
}

// Imported answers Import.
type Imported struct {
	ID      int             `json:"id"`
	Type    string          `json:"type"` // "imported"
	Dataset datasets.Info   `json:"dataset"`
	Report  datasets.Report `json:"report"`
}

// Listed answers List, Delete and Restore: the data sets that are not in the trash.
type Listed struct {
	ID       int             `json:"id"`
	Type     string          `json:"type"` // "listed"
	Datasets []datasets.Info `json:"datasets"`
	Lasting  bool            `json:"lasting"` // false where the browser gives no storage: all is gone with the tab
	Notice   string          `json:"notice,omitempty"`
}

// Previewed answers Preview.
type Previewed struct {
	ID      int               `json:"id"`
	Type    string            `json:"type"` // "previewed"
	Offset  int               `json:"offset"`
	Total   int               `json:"total"`
	Records []datasets.Record `json:"records"`
}

// Loaded answers Load; its attachment "data" holds the records that mmpo.Draw names.
type Loaded struct {
	ID      int           `json:"id"`
	Type    string        `json:"type"` // "loaded"
	Dataset datasets.Info `json:"dataset"`
}

// Fitted answers Fit; its attachment "reference" is the checkpoint.
type Fitted struct {
	ID          int     `json:"id"`
	Type        string  `json:"type"` // "fitted"
	Fingerprint string  `json:"fingerprint"`
	Loss        float64 `json:"loss"` // nats per token on held-out texts
	Kept        bool    `json:"kept"` // found in or saved to the store
}

// Paired answers Pairs: what a run would train on, before it starts.
type Paired struct {
	ID      int              `json:"id"`
	Type    string           `json:"type"` // "paired"
	Summary mmpo.PairSummary `json:"summary"`
	Pairs   []mmpo.PairView  `json:"pairs"` // the training pairs in their order, then the held-out ones: the order of TagMargins
}

// Surveyed answers Frontier.
type Surveyed struct {
	ID       int            `json:"id"`
	Type     string         `json:"type"`     // "surveyed"
	Done     float64        `json:"done"`     // 0 to 1
	Frontier *mmpo.Frontier `json:"frontier"` // once Done is 1; null before
}

// Prepared answers Prepare.
type Prepared struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "prepared"
}

// Opened answers Open.
type Opened struct {
	ID         int              `json:"id"`
	Type       string           `json:"type"` // "opened"
	Experiment mmpo.Experiment  `json:"experiment"`
	Summary    mmpo.PairSummary `json:"summary"`
}

// LinkRead answers ReadLink. Notices say what was moved to a limit or ignored.
type LinkRead struct {
	ID         int             `json:"id"`
	Type       string          `json:"type"` // "linkRead"
	Comparison mmpo.Comparison `json:"comparison"`
	Notices    []string        `json:"notices"`
	Claim      mmpo.Claim      `json:"claim"` // what its runs should end in
}

// LinkWritten answers WriteLink.
type LinkWritten struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "linkWritten"
	Link string `json:"link"` // a URL fragment without its #
}

// Kept answers Keep.
type Kept struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`    // "kept"
	Lasting bool   `json:"lasting"` // whether it outlives the tab
}

// Recalled answers Recall.
type Recalled struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "recalled"
}

// Saved answers Save; its attachment "checkpoint" is the run as it is.
type Saved struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "saved"
	Step int    `json:"step"`
}

// WeightsSaved answers SaveWeights; its attachment "weights" is the policy as a safetensors file.
type WeightsSaved struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "weightsSaved"
	Step int    `json:"step"`
}

// Adopted answers Adopt.
type Adopted struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "adopted"
}

// WeightsLoaded answers LoadWeights: in the checkpoint that it attaches the file's weights are the policy.
type WeightsLoaded struct {
	ID          int    `json:"id"`
	Type        string `json:"type"` // "weightsLoaded"
	Fingerprint string `json:"fingerprint"`
}

// Inspected answers Inspect. Its attachment "attention" holds little-endian float32: the maps of the chosen response and the prompt, then
// those of the rejected one, each layer after layer and head after head. A map is [T,T], T the number of the prompt's and the response's
// tokens less one: row i says how much token i takes from each token j <= i.
type Inspected struct {
	ID         int             `json:"id"`
	Type       string          `json:"type"` // "inspected"
	Inspection mmpo.Inspection `json:"inspection"`
}

// Embedded answers Embed.
type Embedded struct {
	ID   int               `json:"id"`
	Type string            `json:"type"` // "embedded"
	Map  mmpo.EmbeddingMap `json:"map"`
}

// Rewarded answers Reward: a reward model by each of mmpo.RewardMethods, trained on the experiment's pairs.
type Rewarded struct {
	ID     int                `json:"id"`
	Type   string             `json:"type"` // "rewarded"
	Models []mmpo.RewardStudy `json:"models"`
}

// RunRead answers ReadRun: how well the run's policy judges the held-out pairs by its implicit reward.
type RunRead struct {
	ID      int          `json:"id"`
	Type    string       `json:"type"` // "runRead"
	Reading mmpo.Reading `json:"reading"`
}

// Planned answers Plan.
type Planned struct {
	ID       int        `json:"id"`
	Type     string     `json:"type"` // "planned"
	Sweep    mmpo.Sweep `json:"sweep"`
	Link     string     `json:"link"` // a URL fragment without its #
	Notices  []string   `json:"notices"`
	Standing Standing   `json:"standing"`
}

// Standing tells how far a sweep is. Experiments that differ only in what their objective does not read are one run.
type Standing struct {
	Runs    int     `json:"runs"`
	Done    int     `json:"done"`
	Left    float64 `json:"left"`    // seconds of work that are left, of one worker
	Known   bool    `json:"known"`   // whether any run was measured to tell that from
	Tuning  bool    `json:"tuning"`  // whether these runs are those that tune the objectives; the sweep's come after them
	Claimed int     `json:"claimed"` // runs whose results the link told
	Agree   int     `json:"agree"`   // of them, those that were repeated here and came to the same bits
	Differ  int     `json:"differ"`  // and those that came to others
}

// Taken answers Take.
type Taken struct {
	ID         int              `json:"id"`
	Type       string           `json:"type"`       // "taken"
	Experiment *mmpo.Experiment `json:"experiment"` // null when nothing waits
	Later      bool             `json:"later"`      // whether something will, once the objectives are tuned
}

// Completed answers Complete; its attachment "data" is the trial, for Add.
type Completed struct {
	ID   int    `json:"id"`
	Type string `json:"type"` // "completed"
}

// Added answers Add.
type Added struct {
	ID       int         `json:"id"`
	Type     string      `json:"type"` // "added"
	Standing Standing    `json:"standing"`
	Kept     bool        `json:"kept"`            // whether it outlives the tab
	Sweep    *mmpo.Sweep `json:"sweep,omitempty"` // where this run ended the tuning: the sweep as it goes on
	Link     string      `json:"link,omitempty"`  // of that
}

// Judged answers Judge.
type Judged struct {
	ID       int            `json:"id"`
	Type     string         `json:"type"` // "judged"
	Summary  mmpo.Summary   `json:"summary"`
	Verdicts []mmpo.Verdict `json:"verdicts"`
	// Reference is the readout before any step: a line to compare with. Null where it is not measured then.
	Reference *float64 `json:"reference"`
}

// Shown answers Show.
type Shown struct {
	ID     int          `json:"id"`
	Type   string       `json:"type"` // "shown"
	Trials []mmpo.Trial `json:"trials"`
}

// State tells where a run is. It is sent on every change of Phase and, while running, at most 30 times a second.
type State struct {
	ID             int     `json:"id"`
	Type           string  `json:"type"` // "state"
	Phase          Phase   `json:"phase"`
	Step           int     `json:"step"`
	Steps          int     `json:"steps"`
	StepsPerSecond float64 `json:"stepsPerSecond"`
	Fingerprint    string  `json:"fingerprint,omitempty"` // SHA-256 of the final weights, in hexadecimal; only when done
	Altered        int     `json:"altered,omitempty"`     // the step at which a setting was first changed during the run, plus 1
	Stored         []int   `json:"stored"`                // steps that Seek can go to, ascending
	Message        string  `json:"message,omitempty"`     // diverged: what happened and what to lower
}

// Phase is the state of a run.
type Phase string

// The phases.
const (
	Ready    Phase = "ready"
	Running  Phase = "running"
	Paused   Phase = "paused"
	Done     Phase = "done"
	Diverged Phase = "diverged"
)

// Samples shows what the policy writes for a few held-out prompts, always with the same sampling seed.
type Samples struct {
	ID      int               `json:"id"`
	Type    string            `json:"type"` // "samples"
	Step    int               `json:"step"`
	Samples []mmpo.SampleView `json:"samples"`
	// What an evaluation found beside its row: mean points of each part of the true score of all samples, in the order of the world's
	// attributes, empty where nobody knows them; and how sure the policy was of held-out pairs.
	Parts       []datasets.Part  `json:"parts"`
	Reliability mmpo.Reliability `json:"reliability"`
}

// Floats is sent beside the JSON messages: a transferred Float32Array with a tag.
// TagRows: rows of 1 + len(mmpo.Metrics) values, step first, then the metrics in the order of their table, NaN where not measured.
// TagMargins: step, then the number of training pairs T, of held-out pairs H, then T + H learned margins h.
const (
	TagRows    = 1
	TagMargins = 2
)
