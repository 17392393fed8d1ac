// Looks at the engine from outside while it runs: the memory that it holds, and how long each operation of the kernel takes. Both lie
// between two modules that know only each other, so this steps in where they are instantiated.

/**
 * @returns {{memory: () => number, calls: {operation: number, seconds: number}[]}} bytes; the calls of the kernel so far, to be emptied by
 * whoever reads them
 */
export function watch() {
  const instantiate = WebAssembly.instantiate;
  const calls = [];
  let memory;
  WebAssembly.instantiate = async (module, imports) => {
    if (imports?.kernel?.run) imports = { ...imports, kernel: { ...imports.kernel, run: timed(imports.kernel.run, calls) } };
    const instance = await instantiate.call(WebAssembly, module, imports);
    memory = instance.exports?.mem ?? memory; // Go's name for its memory
    return instance;
  };
  return { memory: () => memory.buffer.byteLength, calls };
}

function timed(run, calls) {
  return (operation, argumentsAt) => {
    const start = performance.now();
    run(operation, argumentsAt);
    calls.push({ operation, seconds: (performance.now() - start) / 1000 });
  };
}
