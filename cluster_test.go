package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The parts of Kubernetes' objects that our manifest uses, by the names and types of its API reference (v1 PersistentVolumeClaim, batch/v1
// Job). A field that stands where it does not belong is an error.
type (
	manifestMeta struct {
		Name string `yaml:"name"`
	}
	manifestKind struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
	}
	manifestResources struct {
		Requests map[string]string `yaml:"requests"`
		Limits   map[string]string `yaml:"limits"`
	}
	manifestClaim struct {
		manifestKind `yaml:",inline"`
		Metadata     manifestMeta `yaml:"metadata"`
		Spec         struct {
			AccessModes []string          `yaml:"accessModes"`
			Resources   manifestResources `yaml:"resources"`
		} `yaml:"spec"`
	}
	manifestContainer struct {
		Name  string   `yaml:"name"`
		Image string   `yaml:"image"`
		Args  []string `yaml:"args"`
		Env   []struct {
			Name  string `yaml:"name"`
			Value string `yaml:"value"`
		} `yaml:"env"`
		Resources    manifestResources `yaml:"resources"`
		VolumeMounts []struct {
			Name      string `yaml:"name"`
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	manifestJob struct {
		manifestKind `yaml:",inline"`
		Metadata     manifestMeta `yaml:"metadata"`
		Spec         struct {
			CompletionMode string `yaml:"completionMode"`
			Completions    int    `yaml:"completions"`
			Parallelism    int    `yaml:"parallelism"`
			BackoffLimit   int    `yaml:"backoffLimit"`
			Template       struct {
				Spec struct {
					RestartPolicy string              `yaml:"restartPolicy"`
					Containers    []manifestContainer `yaml:"containers"`
					Volumes       []struct {
						Name                  string `yaml:"name"`
						PersistentVolumeClaim struct {
							ClaimName string `yaml:"claimName"`
						} `yaml:"persistentVolumeClaim"`
					} `yaml:"volumes"`
				} `yaml:"spec"`
			} `yaml:"template"`
		} `yaml:"spec"`
	}
)

// parsedSweep reads a command line of the sweep command as the program does.
func parsedSweep(t *testing.T, args ...string) *sweepCommand {
	t.Helper()
	commands, parser := newProgram()
	_, err := parser.Parse(args)
	require.NoError(t, err)
	return &commands.Sweep
}

// covered asserts that command lines are those of all shards of one sweep, each once and in a folder of its own.
func covered(t *testing.T, commands [][]string) {
	t.Helper()
	folders := map[string]bool{}
	for i, args := range commands {
		c := parsedSweep(t, args...)
		part, parts, err := parseShard(c.Shard)
		require.NoError(t, err)
		assert.Equal(t, []int{i, len(commands)}, []int{part, parts})
		assert.False(t, folders[c.Out], "%s twice", c.Out)
		folders[c.Out] = true
	}
}

func TestKubernetesManifest(t *testing.T) {
	b, err := os.ReadFile("sweeps/cluster/kubernetes.yaml")
	require.NoError(t, err)
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	var claim manifestClaim
	require.NoError(t, d.Decode(&claim))
	var job manifestJob
	require.NoError(t, d.Decode(&job))
	require.ErrorIs(t, d.Decode(&struct{}{}), io.EOF)

	assert.Equal(t, manifestKind{"v1", "PersistentVolumeClaim"}, claim.manifestKind)
	assert.Equal(t, []string{"ReadWriteMany"}, claim.Spec.AccessModes)
	assert.Equal(t, manifestKind{"batch/v1", "Job"}, job.manifestKind)
	for _, name := range []string{claim.Metadata.Name, job.Metadata.Name} {
		assert.Regexp(t, `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`, name, "a DNS label")
	}
	s, pod := job.Spec, job.Spec.Template.Spec
	assert.Equal(t, "Indexed", s.CompletionMode, "without it there is no JOB_COMPLETION_INDEX")
	assert.LessOrEqual(t, s.Parallelism, s.Completions)
	assert.Contains(t, []string{"OnFailure", "Never"}, pod.RestartPolicy, "what a Job allows")
	require.Len(t, pod.Containers, 1)
	container := pod.Containers[0]
	require.Len(t, pod.Volumes, 1)
	require.Len(t, container.VolumeMounts, 1)
	assert.Equal(t, claim.Metadata.Name, pod.Volumes[0].PersistentVolumeClaim.ClaimName)
	assert.Equal(t, pod.Volumes[0].Name, container.VolumeMounts[0].Name)

	var commands [][]string
	for i := range s.Completions {
		var args []string
		for _, a := range container.Args {
			args = append(args, strings.ReplaceAll(a, "$(JOB_COMPLETION_INDEX)", fmt.Sprint(i)))
		}
		commands = append(commands, args)
		assert.True(t, strings.HasPrefix(parsedSweep(t, args...).Out, container.VolumeMounts[0].MountPath+"/"), "onto the volume")
	}
	covered(t, commands)
}

// The script is run once for each task, with Slurm's variables and an srun that only tells what it was given.
func TestSlurmScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("there is no bash")
	}
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "srun"), []byte("#!/bin/sh\nshift\nprintf '%s\\n' \"$GOMAXPROCS\" \"$@\"\n"), 0o755))
	for _, array := range []struct{ min, count int }{{0, 16}, {1, 5}, {100, 2}} {
		var commands [][]string
		for i := range array.count {
			script := exec.Command(bash, "sweeps/cluster/slurm.sh")
			script.Env = []string{"PATH=" + folder + ":" + os.Getenv("PATH"), "SLURM_CPUS_PER_TASK=4", fmt.Sprint("SLURM_ARRAY_TASK_ID=", array.min+i),
				fmt.Sprint("SLURM_ARRAY_TASK_MIN=", array.min), fmt.Sprint("SLURM_ARRAY_TASK_COUNT=", array.count)}
			out, err := script.Output()
			require.NoError(t, err)
			args := strings.Fields(string(out))
			assert.Equal(t, "4", args[0], "as many runs at a time as there are cores")
			commands = append(commands, args[1:])
		}
		covered(t, commands)
	}
	b, err := os.ReadFile("sweeps/cluster/slurm.sh")
	require.NoError(t, err)
	directives := 0
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#SBATCH") {
			assert.Regexp(t, `^#SBATCH --(job-name|array|cpus-per-task|mem-per-cpu|time|requeue|output)(=\S+)?\n$`, line)
			directives++
		} else if !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			break // Slurm reads no directives after the first command
		}
	}
	assert.Equal(t, strings.Count(string(b), "#SBATCH"), directives)
}
