#!/bin/bash
# A sweep as a Slurm job array: each task runs one shard of it, on as many cores as it is given.
#
#     go build -o margins .            # on the login node; one file without dependencies
#     ./margins sweep --tune-only --seeds 20 --out tuned
#     sbatch sweeps/cluster/slurm.sh   # a task that is killed or preempted goes on where it was: sbatch it again
#     ./margins merge shards/* --out sweep && ./margins report sweep
#
#SBATCH --job-name=margins-sweep
#SBATCH --array=0-15
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=1G
#SBATCH --time=02:00:00
#SBATCH --requeue
#SBATCH --output=margins-sweep-%A-%a.log
set -euo pipefail

# The array may begin anywhere; shards are counted from 0.
shard=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN))
export GOMAXPROCS=${SLURM_CPUS_PER_TASK:-1}
exec srun ./margins sweep --from tuned --shard "$shard/$SLURM_ARRAY_TASK_COUNT" --out "shards/$shard"
