// Runs both sides of a link with the engine in Node, and prints their fingerprints as a line of JSON: node replay-in-node.mjs LINK.
// A model whose reference does not come with the page is fitted first, as the page does. The engine ends with its process.

import { readFileSync } from 'node:fs';
import { complete, connect } from '../../wasm/node.mjs';

const references = new URL('../../mmpo/references/', import.meta.url);
const shipped = JSON.parse(readFileSync(new URL('references.json', references)));

const engine = await connect();
const { message } = await engine.ask({ type: 'readLink', link: process.argv[2] });
const { a, b } = message.comparison;
const file = shipped.find((r) => r.world === a.world && ['width', 'layers', 'heads'].every((key) => r.model[key] === a.model[key]))?.file;
const reference = file
  ? new Uint8Array(readFileSync(new URL(file, references)))
  : (await engine.ask({ type: 'fit', experiment: a })).attachments.reference;
const prints = { a: (await complete(a, reference)).fingerprint, b: (await complete(b, reference)).fingerprint };
console.log(JSON.stringify(prints));
process.exit(0);
