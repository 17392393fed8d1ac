// The engines that are compared, in the order of the table. Ours are measured first in every round, the others in their turn.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { folder, program, root, worker } from './hosts.mjs';

/** Debian's Python, which has Debian's PyTorch; PYTHON names another. */
export const python = process.env.PYTHON || '/usr/bin/python3';

const has = (command, ...args) => {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const torch = () => (has(python, '-c', 'import torch') ? '' : `${python} has no torch (Debian: python3-torch)`);
const installed = (name) => (existsSync(join(root, 'bench/node_modules', name)) ? '' : `${name} is not installed (npm ci in bench)`);
const peer = (name) => () => chromium() || installed(name);

/** What browsers lack, if anything; esbuild makes one file of each worker. */
export const chromium = () =>
  existsSync(process.env.CHROMIUM || '/usr/bin/chromium') ? installed('esbuild') : 'there is no Chromium (CHROMIUM names one)';

/** Starts a script in a browser and lets it open a size. */
const tab = (script, options) => async (server, size) => {
  const host = await worker(server.address, script);
  try {
    await host.ask('open', { size, ...options });
  } catch (error) {
    await host.stop();
    throw error;
  }
  return host;
};
const native = async (_, size) => program(join(folder, 'margins'), ['bench', '--drive', '--size', size]);
const script = (interpreter, name, ...options) => async (_, size) => program(interpreter, [join(root, 'bench', name), ...options, size]);
const anywhere = () => '';

/**
 * id is what ENGINES and bench.json call an engine; peer, the worker of one that is not ours. lacks returns what it needs and cannot find,
 * or ''. A packed engine computes prompts once and no padding; it is measured at the sizes for which that is what a user gets.
 */
export const engines = [
  { id: 'chromium', title: 'Margins in Chromium', lacks: chromium, start: tab('engine.js') },
  {
    id: 'chromium-packed', title: 'Margins in Chromium, packed', packed: true, sizes: ['T'], lacks: chromium,
    start: tab('engine.js', { packed: true }),
  },
  { id: 'node', title: 'Margins in Node', lacks: anywhere, start: script(process.execPath, 'node.mjs', folder) },
  { id: 'native', title: 'Margins natively (wazero)', lacks: anywhere, start: native },
  { id: 'torch', title: 'PyTorch, 1 thread', lacks: torch, start: script(python, 'torch_dpo.py', join(folder, 'data')) },
  { id: 'jax', title: 'jax-js wasm in Chromium', peer: 'jax', lacks: peer('@jax-js/jax'), start: tab('jax.js') },
  {
    id: 'tfjs', title: 'TensorFlow.js wasm, tuned', peer: 'tfjs', lacks: peer('@tensorflow/tfjs-backend-wasm'),
    start: tab('tfjs.js', { tuned: true }),
  },
  {
    id: 'tfjs-plain', title: 'TensorFlow.js wasm, plain', peer: 'tfjs', lacks: peer('@tensorflow/tfjs-backend-wasm'),
    start: tab('tfjs.js', { tuned: false }),
  },
];

/** Ours in the tab: what all ratios are of. */
export const ours = 'chromium';

/** What PyTorch multiplies matrices with: a file's path, as the process has it mapped. */
export function blas() {
  const code = `import torch
torch.ones(64, 64) @ torch.ones(64, 64)
print([line.split()[-1] for line in open('/proc/self/maps') if 'blas' in line or 'mkl_' in line][0])`;
  try {
    return execFileSync(python, ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
