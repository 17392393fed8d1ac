// The small part of TeX in which the catalog writes formulas, read into nodes that a component draws as text.

/** A piece of a formula. */
export type Node =
  | { kind: 'variable' | 'upright' | 'space'; text: string }
  | { kind: 'fraction'; over: Node[]; under: Node[] }
  | { kind: 'sub'; nodes: Node[] }
  | { kind: 'super'; nodes: Node[] };

const commands: { [name: string]: Node } = {
  log: { kind: 'upright', text: '\u2009log\u2009' },
  max: { kind: 'upright', text: 'max' },
  to: { kind: 'upright', text: ' \u2192 ' },
  infty: { kind: 'upright', text: '\u221e' },
  quad: { kind: 'space', text: '\u2003' },
  geq: { kind: 'upright', text: ' \u2265 ' },
  leq: { kind: 'upright', text: ' \u2264 ' },
  cdot: { kind: 'upright', text: ' \u00b7 ' },
  alpha: { kind: 'variable', text: '\u03b1' },
  sigma: { kind: 'variable', text: '\u03c3' },
  gamma: { kind: 'variable', text: '\u03b3' },
  beta: { kind: 'variable', text: '\u03b2' },
  delta: { kind: 'variable', text: '\u03b4' },
  nu: { kind: 'variable', text: '\u03bd' },
  epsilon: { kind: 'variable', text: '\u03b5' },
  rho: { kind: 'variable', text: '\u03c1' },
  pi: { kind: 'variable', text: '\u03c0' },
};

/** Tells whether a command is known. */
export function knows(name: string): boolean {
  return name === 'frac' || name in commands;
}

/** Reads a formula. A command that is not known stands as its name, so that a formula is never lost. */
export function readTeX(source: string): Node[] {
  const tokens = source.match(/\\[a-zA-Z]+|\\,|\s+|./gsu) ?? [];
  let at = 0;
  const group = (): Node[] => {
    if (tokens[at] !== '{') return one();
    at++;
    return many('}');
  };
  const one = (): Node[] => {
    const token = tokens[at++];
    if (token === undefined) return [];
    if (token === '\\frac') return [{ kind: 'fraction', over: group(), under: group() }];
    if (token === '_' || token === '^') return [token === '_' ? { kind: 'sub', nodes: group() } : { kind: 'super', nodes: group() }];
    if (token === '{') return many('}');
    return leaf(token);
  };
  const many = (end?: string): Node[] => {
    const nodes: Node[] = [];
    while (at < tokens.length && tokens[at] !== end) {
      if (tokens[at] === '-' && ends(nodes.at(-1))) {
        nodes.push({ kind: 'upright', text: ' \u2212 ' });
        at++;
      } else nodes.push(...one());
    }
    at++;
    return nodes;
  };
  return many();
}

/** Tells whether a term ends here, so that a minus that follows stands between two. */
function ends(node: Node | undefined): boolean {
  if (!node) return false;
  return node.kind === 'upright' ? /[\d)]$/.test(node.text) : node.kind !== 'space';
}

function leaf(token: string): Node[] {
  if (token.startsWith('\\')) return [commands[token.slice(1)] ?? { kind: 'upright', text: token === '\\,' ? '\u2009' : token.slice(1) }];
  if (/^\s+$/.test(token)) return [];
  if (/^[a-zA-Z]$/.test(token)) return [{ kind: 'variable', text: token }];
  if ('=+<>'.includes(token)) return [{ kind: 'upright', text: ` ${token} ` }];
  if (token === "'") return [{ kind: 'variable', text: '\u2032' }];
  if (token === ',') return [{ kind: 'upright', text: ', ' }];
  return [{ kind: 'upright', text: token === '-' ? '\u2212' : token }];
}

/** Writes a formula on one line, for those who hear it or cannot see its layout. */
export function plain(nodes: Node[]): string {
  return nodes
    .map((n) => {
      if (n.kind === 'fraction') return `(${plain(n.over)})/(${plain(n.under)})`;
      if (n.kind === 'sub') return `_${plain(n.nodes)}`;
      if (n.kind === 'super') return `^${plain(n.nodes)}`;
      return n.text;
    })
    .join('');
}
