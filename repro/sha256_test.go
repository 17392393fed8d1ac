package repro

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSHA256(t *testing.T) {
	abc := Sum256([]byte("abc"))
	assert.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex.EncodeToString(abc[:]), "FIPS 180-4's example")
	rng := Stream(1, "bytes")
	for n := range 300 { // every place of the padding in a block
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		require.Equal(t, sha256.Sum256(b), Sum256(b), "%d bytes", n)
		h := NewHash()
		h.Write(b[:n/3])
		h.Sum() // which leaves the hash as it was
		h.Write(b[n/3:])
		require.Equal(t, sha256.Sum256(b), h.Sum(), "%d bytes in two parts", n)
	}
}

func BenchmarkSHA256(b *testing.B) {
	data := make([]byte, 1<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		Sum256(data)
	}
}
