// Which words of a text are not in another.

/** A word and whether the other text lacks it at this place. */
export interface Word {
  text: string;
  differs: boolean;
}

/** The most cells of the table of common words; longer texts are compared no further. */
const most = 250_000;

/** Marks the words of text that are not part of a longest common sequence of words with other. */
export function diffWords(other: string, text: string): Word[] {
  const from = split(other);
  const to = split(text);
  if (from.length * to.length > most) return to.map((word) => ({ text: word, differs: false }));
  const width = to.length + 1;
  // common[i * width + j] is the length of the longest common sequence of from[i:] and to[j:].
  const common = new Uint16Array((from.length + 1) * width);
  for (let i = from.length - 1; i >= 0; i--) {
    for (let j = to.length - 1; j >= 0; j--) {
      common[i * width + j] =
        from[i] === to[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const words: Word[] = [];
  for (let i = 0, j = 0; j < to.length;) {
    if (i < from.length && from[i] === to[j]) {
      words.push({ text: to[j++]!, differs: false });
      i++;
    } else if (i < from.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!) i++;
    else words.push({ text: to[j++]!, differs: true });
  }
  return words;
}

function split(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
