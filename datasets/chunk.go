package datasets

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"math"
)

// A chunk is how the store keeps some records (little-endian):
//
//	"MRGC"             4 bytes
//	version            1 byte, 1
//	count              uvarint
//	count records      prompt, chosen, rejected (each a uvarint length and its bytes), score_chosen, score_rejected (float64)
//	CRC-32             4 bytes, IEEE, of everything before
//
// Scores are on the file's own scale, which is known only at the end of a file. The store keeps it beside the chunks.
const (
	chunkMagic   = "MRGC"
	chunkVersion = 1

	chunkHeader = len(chunkMagic) + 1
	chunkSum    = 4
	leastRecord = 3 + 2*8 // bytes of a record of empty texts
)

// Data is what a worker that trains gets from the one that stores: chunks of records and the scale of their scores (little-endian):
//
//	"MRGD"             4 bytes
//	version            1 byte, 1
//	min, max           float64
//	chunks             each a uvarint length and its bytes, to the end
const (
	dataMagic   = "MRGD"
	dataVersion = 1
	dataHeader  = len(dataMagic) + 1 + 2*8
)

// The index of prompts lies beside the chunks, so that records can be drawn by their prompts without reading them (little-endian):
//
//	"MRGP"             4 bytes
//	version            1 byte, 1
//	hashes             PromptHash of each record's prompt, 8 bytes each
//	CRC-32             4 bytes, IEEE, of everything before
const (
	promptsMagic   = "MRGP"
	promptsVersion = 1
	promptsHeader  = len(promptsMagic) + 1
)

// PromptHash returns 64 bits of a prompt, FNV-1a of its bytes, the same on every machine. Which side of a split a prompt is on may
// depend on it.
func PromptHash(prompt string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(prompt)) // never fails, by hash.Hash's contract
	return h.Sum64()
}

func encodePrompts(hashes []uint64) []byte {
	dst := append(make([]byte, 0, promptsHeader+8*len(hashes)+chunkSum), promptsMagic...)
	dst = append(dst, promptsVersion)
	for _, h := range hashes {
		dst = binary.LittleEndian.AppendUint64(dst, h)
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst))
}

// decodePrompts returns the hashes of count records; ok is false if the index is missing, damaged or of another data set.
func decodePrompts(index []byte, count int) (hashes []uint64, ok bool) {
	if len(index) != promptsHeader+8*count+chunkSum || string(index[:len(promptsMagic)]) != promptsMagic ||
		index[len(promptsMagic)] != promptsVersion {
		return nil, false
	}
	body := index[:len(index)-chunkSum]
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(index[len(body):]) {
		return nil, false
	}
	hashes = make([]uint64, count)
	for i := range hashes {
		hashes[i] = binary.LittleEndian.Uint64(body[promptsHeader+8*i:])
	}
	return hashes, true
}

// EncodeChunk returns records as a chunk.
func EncodeChunk(records []Record) []byte {
	size := chunkHeader + binary.MaxVarintLen64 + chunkSum
	for i := range records {
		size += recordSize(&records[i])
	}
	dst := append(make([]byte, 0, size), chunkMagic...)
	dst = append(dst, chunkVersion)
	dst = binary.AppendUvarint(dst, uint64(len(records)))
	for i := range records {
		dst = appendRecord(dst, &records[i])
	}
	return binary.LittleEndian.AppendUint32(dst, crc32.ChecksumIEEE(dst))
}

// recordSize bounds the bytes that appendRecord appends.
func recordSize(r *Record) int {
	return 3*binary.MaxVarintLen64 + len(r.Prompt) + len(r.Chosen) + len(r.Rejected) + 2*8
}

// appendRecord appends r to dst as it stands in a chunk. It is also what a data set's id is the hash of.
func appendRecord(dst []byte, r *Record) []byte {
	for _, text := range [...]string{r.Prompt, r.Chosen, r.Rejected} {
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		dst = append(dst, text...)
	}
	return appendFloats(dst, r.ScoreChosen, r.ScoreRejected)
}

func appendFloats(dst []byte, values ...float64) []byte {
	for _, x := range values {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(x))
	}
	return dst
}

// DecodeChunk returns the records of a chunk, with the scores of the file's own scale. The error is an *Error of code "corrupt".
func DecodeChunk(chunk []byte) ([]Record, error) {
	switch {
	case len(chunk) < chunkHeader+1+chunkSum:
		return nil, corrupt("the chunk has only %d bytes", len(chunk))
	case string(chunk[:len(chunkMagic)]) != chunkMagic:
		return nil, corrupt("the chunk does not begin with %q", chunkMagic)
	case chunk[len(chunkMagic)] != chunkVersion:
		return nil, corrupt("the chunk is of version %d, and this program reads version %d", chunk[len(chunkMagic)], chunkVersion)
	}
	body, sum := chunk[:len(chunk)-chunkSum], binary.LittleEndian.Uint32(chunk[len(chunk)-chunkSum:])
	if crc32.ChecksumIEEE(body) != sum {
		return nil, corrupt("the chunk's checksum does not fit its bytes")
	}
	p := parser{rest: body[chunkHeader:]}
	count := p.uvarint()
	if count > uint64(len(p.rest)/leastRecord) {
		return nil, corrupt("the chunk announces %d records in %d bytes", count, len(p.rest))
	}
	records := make([]Record, count)
	for i := range records {
		r := &records[i]
		r.Prompt, r.Chosen, r.Rejected = p.text(), p.text(), p.text()
		r.ScoreChosen, r.ScoreRejected = p.float(), p.float()
	}
	if p.short || len(p.rest) > 0 {
		return nil, corrupt("the chunk's records do not fill it exactly")
	}
	return records, nil
}

// EncodeData returns chunks and the scale of their scores as the data of a data set.
func EncodeData(scale Scale, chunks ...[]byte) []byte {
	size := dataHeader
	for _, chunk := range chunks {
		size += binary.MaxVarintLen64 + len(chunk)
	}
	dst := append(make([]byte, 0, size), dataMagic...)
	dst = append(dst, dataVersion)
	dst = appendFloats(dst, scale.Min, scale.Max)
	for _, chunk := range chunks {
		dst = binary.AppendUvarint(dst, uint64(len(chunk)))
		dst = append(dst, chunk...)
	}
	return dst
}

// DecodeData returns the records of a data set, with scores in points. The error is an *Error of code "corrupt".
func DecodeData(data []byte) ([]Record, error) {
	switch {
	case len(data) < dataHeader || string(data[:len(dataMagic)]) != dataMagic:
		return nil, corrupt("the data do not begin with %q", dataMagic)
	case data[len(dataMagic)] != dataVersion:
		return nil, corrupt("the data are of version %d, and this program reads version %d", data[len(dataMagic)], dataVersion)
	}
	p := parser{rest: data[len(dataMagic)+1:]}
	scale := Scale{Min: p.float(), Max: p.float()}
	if !scale.valid() {
		return nil, corrupt("the data's scale runs from %g to %g", scale.Min, scale.Max)
	}
	var records []Record
	for len(p.rest) > 0 && !p.short {
		chunk, err := DecodeChunk(p.bytes())
		if err != nil {
			return nil, err
		}
		records = append(records, inPoints(chunk, scale)...)
	}
	return records, nil
}

// valid says whether scores can be mapped from the scale.
func (s Scale) valid() bool {
	return s.Max > s.Min && !math.IsInf(s.Max-s.Min, 0) // false for NaN
}

// inPoints maps the scores of records, in place, from the file's scale to points, and returns records.
func inPoints(records []Record, scale Scale) []Record {
	for i := range records {
		r := &records[i]
		r.ScoreChosen, r.ScoreRejected = scale.Points(r.ScoreChosen), scale.Points(r.ScoreRejected)
	}
	return records
}

// parser reads values from the front of rest. Once rest is too short for one, short is true and every value is zero, so that a
// caller checks once.
type parser struct {
	rest  []byte
	short bool
}

func (p *parser) take(n uint64) []byte {
	if p.short || n > uint64(len(p.rest)) {
		p.short = true
		return nil
	}
	taken := p.rest[:n]
	p.rest = p.rest[n:]
	return taken
}

func (p *parser) uvarint() uint64 {
	x, n := binary.Uvarint(p.rest)
	if n <= 0 {
		p.short = true
		return 0
	}
	p.take(uint64(n))
	return x
}

func (p *parser) bytes() []byte { return p.take(p.uvarint()) }
func (p *parser) text() string  { return string(p.bytes()) }

func (p *parser) float() float64 {
	b := p.take(8)
	if b == nil {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

func corrupt(format string, args ...any) *Error {
	return &Error{Code: "corrupt", Message: fmt.Sprintf(format, args...)}
}
