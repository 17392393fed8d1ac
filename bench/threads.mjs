// How long threads have computed. On a machine that does other things too the clock says little, since a thread waits for its turn.

import { readdirSync, readFileSync } from 'node:fs';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended
  }
};
const list = (path) => {
  try {
    return readdirSync(path);
  } catch {
    return []; // likewise, or this system has no /proc
  }
};

/** The processes that a process started, they and theirs. */
function descendants(root) {
  const children = new Map();
  for (const pid of list('/proc')) {
    const stat = /^\d+$/.test(pid) && read(`/proc/${pid}/stat`);
    if (!stat) continue;
    const parent = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]; // after the name, which may hold anything: state, parent
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const all = [];
  for (const queue = [String(root)]; queue.length > 0; ) {
    const next = children.get(queue.pop()) ?? [];
    all.push(...next);
    queue.push(...next);
  }
  return all;
}

/** Seconds that the threads of some processes whose names match have computed; NaN where the system does not tell. */
function computed(pids, names) {
  let nanoseconds = NaN;
  for (const pid of pids) {
    for (const thread of list(`/proc/${pid}/task`)) {
      const path = `/proc/${pid}/task/${thread}`;
      if (!names.test(read(`${path}/comm`))) continue;
      nanoseconds = (nanoseconds || 0) + Number(read(`${path}/schedstat`).split(' ')[0]);
    }
  }
  return nanoseconds / 1e9;
}

/** Of a process. */
export const ofProcess = (pid) => computed([String(pid)], /./);

/** Of all workers of browsers that this process started. Threads that only compile or collect garbage are not among them. */
export const ofWorkers = () => computed(descendants(process.pid), /^DedicatedWorker/);
