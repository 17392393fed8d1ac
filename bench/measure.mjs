// Measures one engine on one size.

const firstLosses = 4; // as many as expected.json has
const patience = 20; // seconds after which a slow engine takes no more steps than it must

/**
 * Takes the first steps, whose losses are judged, then as many as the engine needs to be warm (browsers compile hot code anew), then those
 * that are measured.
 *
 * A step's time is that of the computing thread where the system tells it, else the clock's. On a quiet machine they are the same.
 *
 * @param {{ask: Function, seconds: () => number}} host an engine that has opened a size
 * @param {number} seconds how long to measure
 * @returns {Promise<{losses: number[], steps: number, ms: number, clock: number}>} milliseconds a step
 */
export async function measure(host, seconds) {
  const losses = [];
  let spent = 0, step = 0;
  const take = async (n) => {
    const before = host.seconds();
    const taken = await host.ask('steps', n);
    const computed = host.seconds() - before;
    step = (computed > 0 ? Math.min(computed, taken.seconds) : taken.seconds) / n;
    spent += step * n;
    return taken;
  };
  while (losses.length < firstLosses && (losses.length < 2 || spent < patience)) losses.push(...(await take(1)).losses);
  for (let warm = 0; warm < seconds / 2 && spent < patience; warm += 3 * step) await take(3);
  const steps = spent < patience ? Math.max(3, Math.round(seconds / step)) : 1;
  const taken = await take(steps);
  return { losses, steps, ms: 1000 * step, clock: (1000 * taken.seconds) / steps };
}
