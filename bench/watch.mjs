// Looks at the engine from outside while it runs: the memory that it holds, and how long each operation of the kernel takes. Both lie
// between two modules that know only each other, so this steps in where they are instantiated.

/** @returns {{memory: () => number, times: Map<number, {calls: number, seconds: number}>}} bytes; by number of operation */
export function watch() {
  const instantiate = WebAssembly.instantiate;
  const times = new Map();
  let memory;
  WebAssembly.instantiate = async (module, imports) => {
    if (imports?.kernel?.run) imports = { ...imports, kernel: { ...imports.kernel, run: timed(imports.kernel.run, times) } };
    const instance = await instantiate.call(WebAssembly, module, imports);
    memory = instance.exports?.mem ?? memory; // Go's name for its memory
    return instance;
  };
  return { memory: () => memory.buffer.byteLength, times };
}

function timed(run, times) {
  return (operation, argumentsAt) => {
    const start = performance.now();
    run(operation, argumentsAt);
    const seconds = (performance.now() - start) / 1000;
    const time = times.get(operation);
    if (time) {
      time.calls++;
      time.seconds += seconds;
    } else {
      times.set(operation, { calls: 1, seconds });
    }
  };
}
