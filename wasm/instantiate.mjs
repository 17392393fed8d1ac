// Starts a Go program together with the SIMD kernel, which works on Go's own memory.
//
// The two need each other: Go imports the kernel's functions, the kernel imports Go's memory. So Go is instantiated first, with
// trampolines in place of the functions, and they are connected once the kernel has been instantiated on Go's memory.

/** Calls whatever slot.call is by then; arguments beyond a function's own are ignored by WebAssembly. A fixed arity is several times faster than (...args). */
const trampoline = (slot) => (a, b, c, d, e, f, g, h, i, j, k, l, m, n) => slot.call(a, b, c, d, e, f, g, h, i, j, k, l, m, n);

/**
 * @param {any} Go the class that Go's wasm_exec.js defines
 * @param {WebAssembly.Module} program a Go program built for js/wasm
 * @param {WebAssembly.Module} kernel toy/kernel/kernel.wasm
 * @param {Record<string, Function>} [page] what the program may import as module "page"
 * @returns {Promise<{go: any, instance: WebAssembly.Instance}>} ready for go.run(instance)
 */
export async function instantiate(Go, program, kernel, page = {}) {
  const slots = {};
  const imports = {};
  for (const { name, kind } of WebAssembly.Module.exports(kernel)) {
    if (kind !== 'function') continue;
    slots[name] = { call: null };
    imports[name] = trampoline(slots[name]);
  }
  const go = new Go();
  const instance = await WebAssembly.instantiate(program, { ...go.importObject, kernel: imports, page });
  const connected = await WebAssembly.instantiate(kernel, { env: { memory: instance.exports.mem } });
  for (const name in slots) slots[name].call = connected.exports[name];
  return { go, instance };
}
