package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync/atomic"
	"time"

	"margins/datasets"
	"margins/mmpo"
	"margins/toy/kernel"
)

// Page is what a session speaks to.
type Page interface {
	// Post sends a message, and byte attachments by name.
	Post(message any, attachments map[string][]byte)
	// Floats sends numbers of the run that the request id opened.
	Floats(tag, id int, data []float32)
	// Wake asks for calls of Tick until it says that there is nothing to do.
	Wake()
	// Breathe lets requests in, so that a long one can be stopped.
	Breathe()
	// OpenStore opens the visitor's store.
	OpenStore() datasets.Store
}

// Attachments are the binary parts of a request.
type Attachments struct {
	Reference, Data, Checkpoint, Weights []byte
	File                                 io.Reader
}

// Session answers the requests of one page. Handle and Tick are called one at a time; Stop at any time.
type Session struct {
	page   Page
	kernel *kernel.Kernel
	store  datasets.Store // opened when first needed
	stop   atomic.Bool

	lab                  *mmpo.Lab
	labReference, labSet []byte // what lab was made of
	survey               *survey
	run, prepared        *player
	bench                *bench
}

// survey is a survey of the frontier under way or done, and the lab that it is of.
type survey struct {
	*mmpo.Survey
	lab *mmpo.Lab
}

// bench is the sweep that this worker keeps.
type bench struct {
	sweep  mmpo.Sweep
	tune   int             // seeds of the tuning under way; 0 when the cells are the sweep's own
	claim  mmpo.SweepClaim // of the link that it came by
	cells  []mmpo.Cell
	trials map[string]*mmpo.Trial     // by key
	taken  map[string]mmpo.Experiment // under way, by key
	queue  *mmpo.Queue
}

// NewSession returns a session that speaks to page.
func NewSession(page Page) *Session { return &Session{page: page, kernel: kernel.New()} }

// handlers says what is done for each request; Stop is not among them, since it does not wait its turn. full.go adds those that only the
// full program answers.
var handlers = map[RequestType]func(*Session, Request, Attachments) error{
	List:      func(s *Session, r Request, _ Attachments) error { return s.list(r.ID) },
	Preview:   (*Session).preview,
	Delete:    func(s *Session, r Request, _ Attachments) error { return s.change(r, datasets.Store.Delete) },
	Restore:   func(s *Session, r Request, _ Attachments) error { return s.change(r, datasets.Store.Restore) },
	Load:      (*Session).load,
	Fit:       (*Session).fit,
	Pairs:     (*Session).pairs,
	ReadLink:  (*Session).readLink,
	WriteLink: (*Session).writeLink,
	Keep:      (*Session).keep,
	Recall:    (*Session).recall,
	Prepare:   (*Session).makeReady,
	Open:      (*Session).open,
	Play:      (*Session).play,
	Pause:     (*Session).pause,
	Step:      (*Session).step,
	Set:       (*Session).set,
	Save:      (*Session).save,
	Seek:      (*Session).seek,
	Adopt:     (*Session).adopt,
}

// Handle answers a request. What cannot be done is answered by Failed.
func (s *Session) Handle(r Request, a Attachments) {
	s.stop.Store(false)
	handle, ok := handlers[r.Type]
	if !ok {
		s.fail(r.ID, failure("bad-request", "There is no request %q.", r.Type))
		return
	}
	if err := handle(s, r, a); err != nil {
		s.fail(r.ID, err)
	}
}

// Stop cancels the request under way, if it is one that takes long.
func (s *Session) Stop() { s.stop.Store(true) }

// post sends a message as the answer to the request id.
func (s *Session) post(id int, message any, attachments map[string][]byte) {
	m := reflect.New(reflect.TypeOf(message)).Elem()
	m.Set(reflect.ValueOf(message))
	m.FieldByName("ID").SetInt(int64(id))
	m.FieldByName("Type").SetString(typeName(message))
	s.page.Post(m.Interface(), attachments)
}

func failure(code, format string, args ...any) error {
	return &datasets.Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (s *Session) fail(id int, err error) {
	code := "failed"
	var coded *datasets.Error
	switch {
	case errors.Is(err, mmpo.ErrCanceled):
		code = "canceled"
	case errors.As(err, &coded):
		code = coded.Code
	}
	s.post(id, Failed{Code: code, Message: err.Error()}, nil)
}

// progress reports how far a request is, at most ten times a second, and returns ErrCanceled once Stop was called.
func (s *Session) progress(id int) func(done float64, label string) error {
	last := time.Now()
	return func(done float64, label string) error {
		if time.Since(last) < 100*time.Millisecond {
			return nil
		}
		last = time.Now()
		s.post(id, Progress{Done: done, Label: label}, nil)
		s.page.Breathe()
		if s.stop.Load() {
			return mmpo.ErrCanceled
		}
		return nil
	}
}

func (s *Session) opened() datasets.Store {
	if s.store == nil {
		s.store = s.page.OpenStore()
	}
	return s.store
}

func (s *Session) list(id int) error {
	infos, err := s.opened().List()
	if err != nil {
		return err
	}
	s.post(id, Listed{Datasets: append([]datasets.Info{}, infos...), Lasting: s.store.Lasting(), Notice: s.store.Notice()}, nil)
	return nil
}

func (s *Session) change(r Request, do func(datasets.Store, string) error) error {
	if err := do(s.opened(), r.Dataset); err != nil {
		return err
	}
	return s.list(r.ID)
}

func (s *Session) preview(r Request, _ Attachments) error {
	info, err := s.opened().Info(r.Dataset)
	if err != nil {
		return err
	}
	const most = 100 // records a page
	records, err := s.store.Records(r.Dataset, max(0, r.Offset), min(max(0, r.Limit), most))
	if err != nil {
		return err
	}
	s.post(r.ID, Previewed{Offset: r.Offset, Total: info.Records, Records: append([]datasets.Record{}, records...)}, nil)
	return nil
}

// load answers with the records that the experiment's pairs are made of, and with no others.
func (s *Session) load(r Request, _ Attachments) error {
	e, err := r.experiment()
	if err != nil {
		return err
	}
	info, err := s.opened().Info(e.World)
	if err != nil {
		return err
	}
	prompts, err := s.store.Prompts(e.World)
	if err != nil {
		return err
	}
	data, err := s.store.Sample(e.World, mmpo.Draw(e, prompts))
	if err != nil {
		return err
	}
	s.post(r.ID, Loaded{Dataset: info}, map[string][]byte{"data": data})
	return nil
}

// storedRecords is a data set of the store, for those who need not read all of it.
type storedRecords struct {
	store datasets.Store
	id    string
}

func (d storedRecords) Prompts() ([]uint64, error) { return d.store.Prompts(d.id) }

func (d storedRecords) Sample(numbers []int) ([]datasets.Record, error) {
	data, err := d.store.Sample(d.id, numbers)
	if err != nil {
		return nil, err
	}
	return datasets.DecodeData(data)
}

func (s *Session) readLink(r Request, _ Attachments) error {
	c, notices, err := mmpo.ParseLink(r.Link)
	if err != nil {
		return failure("bad-link", "%s.", err)
	}
	s.post(r.ID, LinkRead{Comparison: c, Notices: append([]string{}, notices...), Claim: mmpo.LinkClaim(r.Link)}, nil)
	return nil
}

func (s *Session) writeLink(r Request, _ Attachments) error {
	if r.Comparison == nil {
		return failure("bad-request", "There is no comparison to link to.")
	}
	for _, e := range []*mmpo.Experiment{&r.Comparison.A, &r.Comparison.B} {
		if err := e.Validate(); err != nil {
			return failure("bad-setting", "%s.", err)
		}
	}
	link := r.Comparison.Link()
	if r.Claim != nil {
		link += r.Claim.Link()
	}
	s.post(r.ID, LinkWritten{Link: link}, nil)
	return nil
}

// experiment returns the request's experiment, checked.
func (r Request) experiment() (mmpo.Experiment, error) {
	if r.Experiment == nil {
		return mmpo.Experiment{}, failure("bad-request", "The request %q has no experiment.", r.Type)
	}
	if err := r.Experiment.Validate(); err != nil {
		return mmpo.Experiment{}, failure("bad-setting", "%s.", err)
	}
	return *r.Experiment, nil
}

// fit answers with the reference that the experiment needs: the one kept from an earlier time, or a new one.
func (s *Session) fit(r Request, _ Attachments) error {
	e, err := r.experiment()
	if err != nil {
		return err
	}
	key := fmt.Sprintf("reference/%s/%s/%dx%dx%d", mmpo.EngineVersion, e.World, e.Model.Width, e.Model.Layers, e.Model.Heads)
	if blob, err := s.opened().Blob(key); err == nil && blob != nil {
		if reference, err := mmpo.DecodeReference(s.kernel, blob); err == nil {
			s.post(r.ID, Fitted{Fingerprint: reference.Weights.Fingerprint(), Kept: true}, map[string][]byte{"reference": blob})
			return nil
		} // a damaged one is fitted again
	}
	tell := s.progress(r.ID)
	canceled := error(nil)
	reference, loss, err := mmpo.FitFrom(s.kernel, e, storedRecords{s.store, e.World}, func(step, steps int, loss float64) bool {
		label := "counting words"
		if step > 0 {
			label = fmt.Sprintf("step %d of %d, loss %.2f nats a token", step, steps, loss)
		}
		canceled = tell(float64(step)/float64(steps), label)
		return canceled == nil
	})
	if err != nil {
		return err
	}
	blob := reference.Encode()
	kept := s.store.PutBlob(key, blob) == nil // without room the reference serves this visit alone
	s.post(r.ID, Fitted{Fingerprint: reference.Weights.Fingerprint(), Loss: loss, Kept: kept}, map[string][]byte{"reference": blob})
	return nil
}

// blobKey keeps what the page names apart from references.
func blobKey(key string) string { return "page/" + mmpo.EngineVersion + "/" + key }

func (s *Session) keep(r Request, a Attachments) error {
	if err := s.opened().PutBlob(blobKey(r.Key), a.Checkpoint); err != nil {
		return err
	}
	s.post(r.ID, Kept{Lasting: s.store.Lasting()}, nil)
	return nil
}

func (s *Session) recall(r Request, _ Attachments) error {
	blob, err := s.opened().Blob(blobKey(r.Key))
	if err != nil {
		return err
	}
	attachments := map[string][]byte{}
	if len(blob) > 0 {
		attachments["checkpoint"] = blob
	}
	s.post(r.ID, Recalled{}, attachments)
	return nil
}

func decodeData(data []byte) ([]datasets.Record, error) {
	if len(data) == 0 {
		return nil, nil
	}
	return datasets.DecodeData(data)
}

// furnish makes sure that the lab is that of the attachments.
func (s *Session) furnish(a Attachments) error {
	if s.lab != nil && bytes.Equal(s.labReference, a.Reference) && bytes.Equal(s.labSet, a.Data) {
		return nil
	}
	reference, err := mmpo.DecodeReference(s.kernel, a.Reference)
	if err != nil {
		return failure("bad-reference", "The reference cannot be used: %s.", err)
	}
	records, err := decodeData(a.Data)
	if err != nil {
		return err
	}
	s.lab = nil // its memory serves the new one
	s.lab, s.labReference, s.labSet = mmpo.NewDrawnLab(s.kernel, reference, records), a.Reference, a.Data
	return nil
}

// prepare makes sure that the lab is that of the attachments, and returns the experiment's pairs.
func (s *Session) prepare(r Request, a Attachments) (mmpo.Experiment, *mmpo.Pairs, error) {
	e, err := r.experiment()
	if err != nil {
		return e, nil, err
	}
	if err := s.furnish(a); err != nil {
		return e, nil, err
	}
	tell := s.progress(r.ID)
	s.lab.Watch = func(step, steps int, loss float64) bool {
		return tell(float64(step)/float64(steps), fmt.Sprintf("The AI judge learns: step %d of %d, loss %.2f", step, steps, loss)) == nil
	}
	pairs, err := s.lab.Pairs(e)
	switch {
	case errors.Is(err, mmpo.ErrCanceled):
		return e, nil, err
	case err != nil:
		return e, nil, failure("no-pairs", "%s.", err)
	}
	return e, pairs, nil
}

func (s *Session) pairs(r Request, a Attachments) error {
	_, pairs, err := s.prepare(r, a)
	if err != nil {
		return err
	}
	s.post(r.ID, Paired{Summary: pairs.Summary, Pairs: s.lab.Views(pairs)}, nil)
	return nil
}
