package repro

import (
	"encoding/binary"
	"math/bits"
)

// HashSize is the length of a SHA-256 digest in bytes.
const HashSize = 32

const hashBlock = 64 // bytes that are mixed in at a time

// Hash computes SHA-256 (FIPS 180-4) of what is written to it. Package crypto/sha256 gives the same digests, which a test compares, but
// brings AES, SHA-3 and the self-tests of a validated module with it: 40 kB of the engine.
type Hash struct {
	state  [8]uint32
	block  [hashBlock]byte
	filled int    // bytes of block
	length uint64 // bytes written
}

// NewHash returns the hash of nothing yet.
func NewHash() *Hash {
	// The first 32 bits of the fractional parts of the square roots of the first eight primes (FIPS 180-4, section 5.3.3).
	return &Hash{state: [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}}
}

// Sum256 returns the SHA-256 of b.
func Sum256(b []byte) (digest [HashSize]byte) {
	h := NewHash()
	h.Write(b)
	return h.Sum()
}

// Write adds p to what is hashed. It never fails.
func (h *Hash) Write(p []byte) (int, error) {
	n := len(p)
	h.length += uint64(n)
	for len(p) > 0 {
		c := copy(h.block[h.filled:], p)
		if h.filled, p = h.filled+c, p[c:]; h.filled == hashBlock {
			h.mix()
			h.filled = 0
		}
	}
	return n, nil
}

// Sum returns the digest of all that was written. More can be written afterwards.
func (h *Hash) Sum() (digest [HashSize]byte) {
	padded := *h // section 5.1.1: a one, zeros, and the length in bits
	end := [hashBlock]byte{0x80}
	zeros := (2*hashBlock - 9 - h.filled) % hashBlock
	padded.Write(binary.BigEndian.AppendUint64(end[:1+zeros], 8*h.length))
	for i, x := range padded.state {
		binary.BigEndian.PutUint32(digest[4*i:], x)
	}
	return digest
}

// mix adds the block to the state (section 6.2.2).
func (h *Hash) mix() {
	var w [64]uint32
	for i := range 16 {
		w[i] = binary.BigEndian.Uint32(h.block[4*i:])
	}
	for i := 16; i < len(w); i++ {
		x, y := w[i-15], w[i-2]
		w[i] = w[i-16] + w[i-7] +
			(bits.RotateLeft32(x, -7) ^ bits.RotateLeft32(x, -18) ^ x>>3) +
			(bits.RotateLeft32(y, -17) ^ bits.RotateLeft32(y, -19) ^ y>>10)
	}
	a, b, c, d, e, f, g, last := h.state[0], h.state[1], h.state[2], h.state[3], h.state[4], h.state[5], h.state[6], h.state[7]
	for i, k := range hashConstants {
		t1 := last + (bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)) + (e&f ^ ^e&g) + k + w[i]
		t2 := (bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)) + (a&b ^ a&c ^ b&c)
		a, b, c, d, e, f, g, last = t1+t2, a, b, c, d+t1, e, f, g
	}
	for i, x := range [8]uint32{a, b, c, d, e, f, g, last} {
		h.state[i] += x
	}
}

// hashConstants are the first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2).
var hashConstants = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
