// A tab that dies in the middle of a run takes nothing with it: the next one goes on, to the same last bit.

import assert from 'node:assert/strict';
import { eventually, Visit, visitTest } from './harness.mjs';

const link = 'v=1&pairs=64&steps=60&batch=16&seed=11';

/** Waits until a run under way has been kept: the page does so every ten seconds, and when it is held. */
async function kept(page) {
  await eventually(async () =>
    assert.ok(
      await page.evaluate(
        () =>
          new Promise((resolve, reject) => {
            const opened = indexedDB.open('margins');
            opened.onerror = () => reject(opened.error);
            opened.onsuccess = () => {
              const blobs = opened.result.transaction('blobs').objectStore('blobs');
              blobs.getAllKeys().onsuccess = ({ target }) => {
                const key = target.result.find((key) => String(key).endsWith('autosave/link')) ?? '';
                blobs.get(key).onsuccess = ({ target }) => {
                  opened.result.close();
                  resolve((target.result?.byteLength ?? 0) > 0);
                };
              };
            };
          }),
      ),
    ),
  );
}

visitTest('a tab that is killed in the middle of a run goes on in the next one with the same bits', {}, async (visit, t) => {
  const other = await Visit.begin(); // another profile, which nothing interrupts
  const straight = await (await (await other.open(link)).ready()).run();
  await other.end();

  const playground = await (await visit.open(link)).ready();
  await playground.at('speed-1').check();
  await playground.press();
  await eventually(async () => assert.ok((await playground.counter()).step >= 3));
  await kept(playground.page);
  const client = await visit.context.newCDPSession(playground.page);
  const died = playground.page.waitForEvent('crash');
  void client.send('Page.crash').catch(() => {}); // the tab's process ends at once: no event, no last words
  await died;
  visit.problems.length = 0; // that it crashed is as it should be
  await playground.page.close();

  const next = await (await visit.open()).ready();
  await next.at('resume').click();
  // It takes the place of the recorded run at step 0, and is then put where it was kept.
  const resumed = async () => {
    const counter = await next.counter();
    assert.ok(counter.steps === 60 && counter.step > 0, `${counter.step} of ${counter.steps}`);
    return counter;
  };
  const { step, steps } = await eventually(resumed);
  t.diagnostic(`killed in the middle, resumed at step ${step}`);
  assert.ok(step < steps, `${step} of ${steps}`);
  await next.at('speed-0').check();
  await next.press();
  await next.finish();
  assert.deepEqual(await next.fingerprints(), straight);
  const rows = await next.table('Loss');
  assert.ok(rows.length > 5, 'the curves of before the crash are there');
  assert.equal(rows.at(-1)[0], 60);
});
