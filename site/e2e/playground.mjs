// The page in the words of the tests: what a person does and reads there.

/** What the main button says once both runs have ended. */
const over = 'Play again from the start';

/** A tab with the page in it. */
export class Playground {
  constructor(page) {
    this.page = page;
  }

  /** The element with a data-testid. */
  at(testid) {
    return this.page.getByTestId(testid);
  }

  /** Waits for the engine, and for the settings of the link. */
  async ready() {
    await this.page.locator('[data-testid=import-input]:not(:disabled)').waitFor({ state: 'attached' });
    return this;
  }

  /** Presses the main button. */
  async press() {
    await this.at('play').click();
  }

  /** What the main button says. */
  async says() {
    return this.at('play').getAttribute('aria-label');
  }

  /** Waits until the main button says something. */
  async untilItSays(label) {
    await this.page.locator(`[data-testid=play][aria-label="${label}"]`).waitFor();
  }

  /** Waits for the end of both runs. */
  async finish() {
    await this.untilItSays(over);
  }

  /** Plays to the end, and returns the fingerprints. */
  async run() {
    await this.press();
    await this.finish();
    return this.fingerprints();
  }

  /** The fingerprints of both sides; null where there is none. */
  async fingerprints() {
    const read = async (side) => {
      const print = this.at(`fingerprint-${side}`);
      return (await print.count()) ? print.getAttribute('title') : null;
    };
    return { a: await read('a'), b: await read('b') };
  }

  /** The step that both sides have reached, and the last one. */
  async counter() {
    const [step, steps] = (await this.at('step-counter').textContent()).replaceAll(',', '').split('/').map(Number);
    return { step, steps };
  }

  /** The rows of the hidden table that stands for a figure, by its caption: cells as numbers, NaN for a dash. */
  async table(caption) {
    const rows = await this.page.evaluate((caption) => {
      const table = [...document.querySelectorAll('table')].find((t) => t.caption?.textContent.startsWith(caption));
      return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
    }, caption);
    return rows.map((row) => row.map(number));
  }

  /** What a figure on a canvas shows: how many of its pixels have roughly the color of a token such as "--a". */
  async painted(canvas, token) {
    return canvas.evaluate((canvas, token) => {
      const probe = document.createElement('canvas').getContext('2d');
      probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(token).trim();
      probe.fillRect(0, 0, 1, 1);
      const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
      const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
      let found = 0;
      for (let i = 0; i < pixels.length; i += 4) {
        const near = Math.abs(pixels[i] - r) + Math.abs(pixels[i + 1] - g) + Math.abs(pixels[i + 2] - b) < 24;
        if (near && pixels[i + 3] > 60) found++;
      }
      return found;
    }, token);
  }

  /** The canvas of a chart, by its title. */
  chart(title) {
    return this.page.locator('figure', { has: this.page.locator(`.plot[aria-label^="${title}:"]`) }).locator('canvas');
  }

  /** What is said of the dots of either side's scatter. */
  async dots() {
    return this.at('scatter').locator('.plot').evaluateAll((plots) => plots.map((plot) => plot.getAttribute('aria-label')));
  }

  /** The first few pairs of the pair browser. */
  async pairs(n) {
    const pairs = [await this.pair()];
    while (pairs.length < n) {
      await this.page.getByRole('button', { name: 'Next pair' }).click();
      pairs.push(await this.pair());
    }
    for (let i = 1; i < n; i++) await this.page.getByRole('button', { name: 'Previous pair' }).click();
    return pairs;
  }

  /** The pair that is shown, as it is shown. */
  async pair() {
    const seen = await this.page.evaluate(() => {
      const section = document.querySelector('section[aria-label=Pairs]');
      const text = (selector, within = section) => within.querySelector(selector)?.textContent.trim() ?? '';
      const card = (element) => ({
        text: text('.text', element),
        grade: text('.grade b', element),
        truth: text('.truth', element).replace('true score ', ''),
      });
      const [chosen, rejected] = [...section.querySelectorAll('.card')].map(card);
      return { prompt: text('.prompt'), chosen, rejected, margin: text('.margin b'), target: text('.target .formula').split('= ').at(-1) };
    });
    for (const card of [seen.chosen, seen.rejected]) Object.assign(card, { grade: number(card.grade), truth: number(card.truth) });
    return { ...seen, margin: number(seen.margin), target: number(seen.target) };
  }

  /** What is said of all pairs below their margins. */
  async summary() {
    return (await this.page.locator('section.data .pairs').innerText()).replace(/\s+/g, ' ').trim();
  }

  /** Opens a section that is folded. */
  async unfold(title) {
    const details = this.page.locator('details', { has: this.page.locator('summary', { hasText: title }) });
    if (!(await details.evaluate((d) => d.open))) await details.locator('summary').click();
  }

  /** Types a number into a parameter's field. */
  async type(testid, value) {
    await this.at(testid).fill(String(value));
    await this.at(testid).blur();
  }

  /** Gives the page a file. */
  async pick(name, content) {
    await this.at('import-input').setInputFiles({ name, mimeType: '', buffer: Buffer.from(content) });
  }

  /** The entries of the visitor's own data sets. */
  datasets() {
    return this.page.locator('[data-testid^="dataset-data:"]');
  }

  /** All that is said in notices. */
  async notices() {
    return this.at('notice').locator('p').allInnerTexts();
  }
}

/** Reads a number as the page writes it. */
function number(text) {
  return text === '' || text === '\u2013' ? NaN : Number(text.replace('\u2212', '-').replaceAll(',', ''));
}
