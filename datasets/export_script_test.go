//go:build !js

package datasets

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTrainScript lets Python check the training script, where there is a Python with PyTorch.
func TestTrainScript(t *testing.T) {
	for _, python := range []string{"python3", "/usr/bin/python3"} { // the second is Debian's, for which it has PyTorch as a package
		if exec.Command(python, "-c", "import torch").Run() != nil {
			continue
		}
		test := exec.Command(python, "-B", "test_train_mmpo.py", "../../mmpo/testdata/objectives.json")
		test.Dir = "export"
		out, err := test.CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Regexp(t, `Ran [6-9] tests`, string(out))
		return
	}
	t.Skip("TRAIN_MMPO.PY IS NOT CHECKED: no python3 here can import torch (on Debian: apt-get install python3-torch)")
}
