#!/usr/bin/env bash
# A campaign for each input file, on a cluster whose nodes and time limits come and go:
#   sbatch --array=1-3 scripts/slurm_array.sh inputs/a.toml inputs/b.toml inputs/c.toml
#SBATCH --job-name=scatter
#SBATCH --ntasks=64
#SBATCH --time=04:00:00
#SBATCH --requeue                # a node that dies, or a job that is put aside, begins again
#SBATCH --open-mode=append       # of the same log
#SBATCH --signal=B:USR1@120      # two minutes before the time is up, to this script

set -uo pipefail
inputs=("$@")
input=${inputs[$((SLURM_ARRAY_TASK_ID - 1))]:?the array has more tasks than there are input files}

# The shell hears a signal at once only while it waits, so srun runs beside it.
srun scatter run "$input" &
step=$!
trap 'kill -USR1 $step' USR1     # ranks write what has ended, give the lock back, and leave
trap 'kill -TERM $step' TERM

code=0
wait $step || code=$?
# A wait that a signal ends is not the end of what it waits for.
while kill -0 $step 2>/dev/null; do wait $step; code=$?; done

# 130: stopped by a signal, and the same command goes on where it stopped.
if [ $code = 130 ] || [ $code = 143 ] || [ $code = 138 ]; then
    echo "$input: stopped with $code; it goes on when the job runs again"
    scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
    exit 0
fi
exit $code
