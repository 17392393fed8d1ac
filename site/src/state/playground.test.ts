import { flushSync } from 'svelte';
import { describe, expect, it } from 'vitest';
import { catalog } from '../engine/catalog.gen';
import type { FakePort, FakeStore } from '../testing/fake';
import { playground, until } from '../testing/setup';
import type { Playground } from './playground.svelte';

const types = (port: FakePort) => port.heard.map((r) => r.type);

describe('Playground', () => {
  it('opens both runs on the same pairs, plays them to their end and shows what they measured', async () => {
    const { play, a, b } = await playground();
    expect(play.main).toBe('play');
    await play.toggle();
    expect(play.main).toBe('pause');
    await until(() => play.over);
    expect(play.main).toBe('again');
    expect(play.step).toBe(5);
    expect(play.runs.a.table.last('true_score')).toBeGreaterThan(play.runs.a.table.first('true_score'));
    expect(play.runs.b.state?.fingerprint).toMatch(/^mmpo/);
    expect(play.trained).toBe(play.pairs.paired);
    expect(play.runs.a.margins?.h).toHaveLength(play.trained!.pairs.length);
    const opened = [a(), b()].map((port) => port.heard.find((r) => r.type === 'open')!.experiment!);
    expect(opened.map((e) => e.objective.id)).toEqual(['dpo', 'mmpo']);
    expect({ ...opened[0], objective: null }).toEqual({ ...opened[1], objective: null });
  });

  it('starts from the same settings on reset, and again when a finished run is played', async () => {
    const { play, a } = await playground();
    await play.play();
    await until(() => play.over);
    await play.play();
    await play.reset();
    const opens = a().heard.filter((r) => r.type === 'open');
    expect(opens).toHaveLength(3);
    expect(opens[2]!.experiment).toEqual(opens[0]!.experiment);
    expect(play.step).toBe(0);
  });

  it('tells how fast a side goes, not both together', async () => {
    const { play } = await playground();
    play.set('steps', 4000);
    await play.play();
    await until(() => play.runs.a.running && play.runs.b.running);
    expect(play.stepsPerSecond).toBe(40);
    play.pause();
    await until(() => !play.running);
    expect(play.stepsPerSecond).toBe(0);
  });

  it('steps both sides by one, even when asked before they are open', async () => {
    const { play, a } = await playground();
    const opening = play.reset();
    await play.takeStep();
    await opening;
    await until(() => play.step === 1);
    expect(play.running).toBe(false);
    expect(types(a()).filter((type) => type === 'open')).toHaveLength(1);
  });

  it('holds a change of the experiment back until it is applied', async () => {
    const { play, a } = await playground();
    await play.takeStep();
    await until(() => play.step === 1);
    play.set('levels', 2);
    expect(play.main).toBe('apply');
    expect(a().heard.filter((r) => r.type === 'open')).toHaveLength(1);
    play.set('levels', 0);
    expect(play.main, 'changed back').toBe('play');
    play.dice();
    await play.toggle();
    expect(
      a()
        .heard.filter((r) => r.type === 'open')
        .at(-1)!.experiment!.seed,
    ).toBe(play.comparison.current.a.seed);
    expect(play.comparison.stale).toBe(false);
  });

  it('names grades by the scale that gave them until other pairs are there', async () => {
    const { play } = await playground();
    await play.takeStep();
    play.set('levels', 2);
    expect(play.pairs.experiment!.grader.levels).toBe(0);
    await until(() => play.pairs.experiment!.grader.levels === 2);
    expect(play.pairs.paired!.pairs.every((p) => p.margin === 0 || p.margin === 4.5)).toBe(true);
  });

  it('lets beta, gamma and the learning rate act during a run, on the side that they belong to', async () => {
    const { play, a, b } = await playground();
    await play.takeStep();
    await until(() => play.step === 1);
    play.set('gamma', 3, 'b');
    expect(play.main).toBe('play');
    expect(types(a())).not.toContain('set');
    expect(b().heard.find((r) => r.type === 'set')).toMatchObject({ changes: { id: 'mmpo', gamma: 3 }, lr: catalog.comparison.a.train.lr });
    play.set('lr', 0.01);
    expect(a().heard.find((r) => r.type === 'set')).toMatchObject({ lr: 0.01 });
    await until(() => play.runs.b.state?.altered === 2);
  });

  it('goes back to a stored step on both sides, and on from there to the same end', async () => {
    const { play, a, b } = await playground();
    play.set('steps', 25);
    expect(play.stored).toEqual([]);
    await play.play();
    await until(() => play.over);
    const end = [play.runs.a.state!.fingerprint, play.runs.a.table.last('loss')];
    expect(play.stored).toEqual([0, 10, 20, 25]);
    play.seek(10);
    expect([play.step, play.main, play.over]).toEqual([10, 'play', false]);
    for (const port of [a(), b()]) expect(port.heard.at(-1)).toMatchObject({ type: 'seek', to: 10 });
    await until(() => play.runs.a.margins?.step === 10);
    expect(play.runs.a.table.length, 'what is left behind stays to be seen').toBe(26);
    expect(play.runs.a.table.last('kl')).toBeCloseTo(play.runs.a.table.at('kl', 10));
    await play.takeStep();
    await until(() => play.step === 11);
    expect(play.runs.b.table.length).toBe(12);
    await play.play();
    await until(() => play.over);
    expect([play.runs.a.state!.fingerprint, play.runs.a.table.last('loss')]).toEqual(end);
    expect(types(a()).filter((type) => type === 'open')).toHaveLength(1);
  });

  it('keeps what was set during a run when it goes back', async () => {
    const { play, a, b } = await playground();
    await play.takeStep();
    await until(() => play.step === 1);
    play.set('gamma', 3, 'b');
    play.seek(0);
    expect(types(a())).not.toContain('set');
    expect(b().heard.at(-1)).toMatchObject({ type: 'set', changes: { gamma: 3 } });
    await until(() => play.runs.b.state?.altered === 1);
  });

  it('does not alter a run with a setting that still waits to be applied', async () => {
    const { play, b } = await playground();
    await play.takeStep();
    await until(() => play.step === 1);
    play.set('objective', 'dpo', 'b');
    expect(play.main).toBe('apply');
    expect(types(b())).not.toContain('set');
  });

  it('remakes the pairs when the data changes, and leaves those of the run to the run', async () => {
    const { play } = await playground();
    await play.play();
    await until(() => play.over);
    play.set('levels', 2);
    await until(() => play.pairs.paired !== play.trained);
    expect(play.pairs.paired!.pairs.every((p) => [0, 4.5].includes(p.margin))).toBe(true);
    expect(play.trained!.pairs.some((p) => ![0, 4.5].includes(p.margin))).toBe(true);
  });

  it('fits a reference for a new size, and says so', async () => {
    const { play, data } = await playground();
    play.set('width', 64);
    await until(() => play.pairs.hint !== '');
    await play.play();
    expect(types(data())).toContain('fit');
    await until(() => play.over);
    expect(play.pairs.hint).toBe('');
  });

  it('says how an AI judge learns, where pairs appear', async () => {
    const { play } = await playground();
    play.set('judge', 64);
    await until(() => play.pairs.hint === 'The AI judge learns: step 50 of 100, loss 0.60');
    await until(() => play.pairs.hint === '' && play.pairs.experiment?.grader.judge === 64);
  });

  it('says what happened when a side dies, keeps the rest, and starts it again', async () => {
    const { play, a, ports } = await playground();
    await play.takeStep();
    a().crash('out of memory');
    expect(play.runs.a.failure).toContain('out of memory');
    expect(play.runs.b.failure).toBe('');
    await play.revive('a');
    expect(ports).toHaveLength(4);
    expect(play.runs.a.failure).toBe('');
    await play.play();
    await until(() => play.over && play.runs.a.phase === 'done');
  });

  it('starts the data worker again when it stops, but not for ever', async () => {
    const { play, ports, data } = await playground();
    const last = () => play.view.notices.at(-1)?.text;
    data().crash('out of memory');
    expect(last()).toMatch(/was started again/);
    for (let times = 2; times <= 4; times++) ports.at(-1)!.crash('out of memory');
    expect(last()).toMatch(/again and again/);
    expect(ports).toHaveLength(3 + 3);
  });

  it('imports a file and turns to it; a deleted data set can be taken back', async () => {
    const { play } = await playground();
    const rows = Array.from({ length: 3 }, (_, i) =>
      JSON.stringify({ prompt: `p${i}`, chosen: 'a', rejected: 'b', score_chosen: 2, score_rejected: 1 }),
    );
    await play.import(new File([rows.join('\n')], 'own.jsonl'));
    const dataset = play.data.datasets[0]!;
    expect(play.data.report?.report.skipped).toHaveLength(1);
    expect(play.comparison.current.b.world).toBe(dataset.id);
    await play.data.delete(dataset);
    expect(play.data.datasets).toEqual([]);
    expect(play.missing).toBe(dataset.id);
    await play.play();
    expect(play.view.notices.map((n) => n.text).join()).toContain('not on this device');
    play.view.notices.find((n) => n.actions.length > 0)!.actions[0]!.act();
    await until(() => play.data.datasets.length === 1);
    expect(play.missing).toBe('');
  });

  it('turns to a toy world with the comparison that shows its point, and to a data set with the settings as they are', async () => {
    const { play } = await playground();
    play.set('pairs', 32);
    await play.turnTo('data:0123456789abcdef');
    expect(play.comparison.current.a).toMatchObject({ world: 'data:0123456789abcdef', pairs: 32 });
    await play.turnTo(catalog.worlds[0]!.id);
    expect(play.comparison.current).toEqual(catalog.comparison);
  });

  it('says why a file cannot be used, and keeps what was there', async () => {
    const { play } = await playground();
    await play.import(new File(['{'], 'bad.json'));
    expect(play.data.failure).toBe('bad.json: Line 1 is not JSON.');
    expect(play.comparison.current.a.world).toBe(catalog.comparison.a.world);
    expect(play.data.importing).toBeNull();
  });

  it('reads a link first of all, and tells what it could not take', async () => {
    const { play } = await playground('v=1&seed=77&odd=1');
    expect(play.comparison.current.a.seed).toBe(77);
    expect(play.view.notices.map((n) => n.text)).toEqual(['"odd" is not a setting.']);
  });

  it('falls back to the defaults where a link makes no sense', async () => {
    const { play } = await playground('v=1&world=nowhere');
    expect(play.comparison.current.a.world).toBe(catalog.comparison.a.world);
    expect(play.view.notices[0]!.text).toContain('"nowhere"');
  });

  describe('with a claim', () => {
    const claim = (a: string, engine = catalog.engine) =>
      `v=1&pairs=20&steps=5&seed=3&engine=${engine}&a.fingerprint=${a.padEnd(64, '0')}&b.fingerprint=${'mmpo'.padEnd(64, '0')}`;

    it('puts what the runs ended in into the shared link, and nothing where a link would not repeat them', async () => {
      const { play } = await playground();
      expect(play.claim).toBeNull();
      await play.play();
      await until(() => play.over);
      expect(await play.links.address(play.claim!)).toContain(claim('dpo').split('&').slice(4).join('&'));
      play.set('seed', 9);
      expect(play.claim, 'other settings').toBeNull();
      play.set('seed', play.comparison.opened!.a.seed);
      expect(play.claim, 'back to the run’s').not.toBeNull();
      play.seek(0);
      await play.takeStep();
      await until(() => play.step === 1);
      play.set('lr', 0.01);
      await play.play();
      await until(() => play.over && play.runs.a.state?.fingerprint !== undefined);
      expect(play.claim, 'altered').toBeNull();
    });

    it.each([
      ['agrees', claim('dpo'), true, /^Same run, bit for bit$/],
      ['differs', claim('x'), false, /^Side A differs .*may have been changed/],
      ['differs by engine', claim('x', 'old'), false, /engine old; this is engine/],
    ])('says that a run %s', async (_, link, same, text) => {
      const { play } = await playground(link);
      await play.play();
      expect(play.verdict).toBeNull();
      await until(() => play.over);
      expect(play.verdict).toEqual({ same, text: expect.stringMatching(text) });
    });

    it('says nothing of other settings than the link’s', async () => {
      const { play } = await playground(claim('dpo'));
      play.set('seed', 4);
      await play.play();
      await until(() => play.over);
      expect(play.verdict).toBeNull();
    });

    it('says that a run was altered', async () => {
      const { play } = await playground(claim('dpo'));
      await play.takeStep();
      await until(() => play.step === 1);
      play.set('beta', 3, 'a');
      await play.play();
      await until(() => play.over);
      expect(play.verdict?.text).toMatch(/^Side A differs .*Settings or weights were changed/);
    });
  });

  describe('that was left', () => {
    const store = (): FakeStore => ({ datasets: new Map(), blobs: new Map() });
    const offer = (play: Playground) => play.view.notices.find((n) => n.text.startsWith('Your run stopped'));
    const act = (play: Playground, testid: string) => offer(play)!.actions.find((a) => a.testid === testid)!.act();

    /** Leaves a run of 25 steps in a store when it has taken two of them. */
    async function leave(kept: FakeStore): Promise<Playground> {
      const { play } = await playground('', kept);
      play.set('steps', 25);
      for (let step = 1; step <= 2; step++) {
        await play.takeStep();
        await until(() => play.step === step);
      }
      play.pause();
      await until(() => kept.blobs.has('autosave/link'));
      return play;
    }

    it('goes on where it was, to the same end', async () => {
      const kept = store();
      const left = await leave(kept);
      expect([...kept.blobs.keys()].sort()).toEqual(['0/a', '0/b', '0/rows-a', '0/rows-b', 'link'].map((key) => `autosave/${key}`));
      const { play, a } = await playground('', kept);
      expect(offer(play)?.text).toBe('Your run stopped at step 2 of 25.');
      act(play, 'resume');
      await until(() => play.step === 2);
      expect(offer(play)).toBeUndefined();
      expect(play.comparison.current).toEqual(left.comparison.current);
      expect([...play.runs.a.table.rows()]).toEqual([...left.runs.a.table.rows()]);
      await play.play();
      await until(() => play.over);
      expect(a().heard.filter((r) => r.type === 'open')).toHaveLength(1);
      expect([...play.runs.b.table.column('loss')].slice(1).every(Number.isFinite)).toBe(true);
      await until(() => kept.blobs.size === 0);
    });

    it.each(['forget', 'resume, then reset'])('is forgotten by %s', async (how) => {
      const kept = store();
      await leave(kept);
      const { play } = await playground('', kept);
      act(play, how.split(',')[0]!);
      if (how !== 'forget') {
        await until(() => play.step === 2);
        await play.reset();
      }
      await until(() => kept.blobs.size === 0);
      expect(offer((await playground('', kept)).play)).toBeUndefined();
    });

    it('stays until it is answered, and after a link', async () => {
      const kept = store();
      await leave(kept);
      const { play } = await playground('v=1&seed=77', kept);
      expect(play.comparison.current.a.seed).toBe(77);
      expect(offer(play)).toBeDefined();
      await play.play();
      await until(() => play.over);
      expect(kept.blobs.size).toBe(5);
    });

    it('is whole at any time: what was kept before stays until all of the next is there', async () => {
      const kept = store();
      const left = await leave(kept);
      await left.takeStep();
      await until(() => left.step === 3);
      const before = new Map(kept.blobs);
      left.pause();
      await until(() => kept.blobs.get('autosave/link')![0] === '1'.charCodeAt(0));
      for (const [key, blob] of before) if (key !== 'autosave/link') expect(kept.blobs.get(key), key).toBe(blob);
      expect(offer((await playground('', kept)).play)?.text).toContain('at step 3');
      kept.blobs.set('autosave/link', before.get('autosave/link')!); // as if the tab had ended just before
      expect(offer((await playground('', kept)).play)?.text).toContain('at step 2');
    });

    it('is not offered when its parts are not all there', async () => {
      const kept = store();
      await leave(kept);
      kept.blobs.delete('autosave/0/rows-b');
      expect(offer((await playground('', kept)).play)).toBeUndefined();
    });
  });

  it('keeps the address and the settings together', async () => {
    const { play } = await playground();
    play.set('seed', 12);
    flushSync();
    await until(() => location.hash === '#v=1&pairs=20&steps=5&seed=12');
    expect(await play.links.address()).toBe(location.href);
  });
});
