// What our build needs beyond Vite: four small plugins.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import type { Plugin } from 'vite';

/** Removes the previous build from dir, but for the .gitkeep that lets Go embed an unbuilt site. */
export function clean(dir: string): Plugin {
  return {
    name: 'margins:clean',
    apply: 'build',
    buildStart() {
      if (!existsSync(dir)) return;
      for (const name of readdirSync(dir)) {
        if (name !== '.gitkeep') rmSync(join(dir, name), { recursive: true });
      }
    },
  };
}

/**
 * Takes the policy out of the page while developing: Vite then adds styles as the page runs, which the policy forbids. A build keeps it,
 * for hosts that send no headers.
 */
export function policyOnlyWhenBuilt(): Plugin {
  return {
    name: 'margins:policy',
    apply: 'serve',
    transformIndexHtml: (html) => html.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, ''),
  };
}

/** Publishes the checkpoints in dir as references/NAME.ckpt, built or served. Their names stay as they are: worlds ask for them by name. */
export function references(dir: string): Plugin {
  const names = () => (existsSync(dir) ? readdirSync(dir).filter((name) => name.endsWith('.ckpt')) : []);
  return {
    name: 'margins:references',
    configureServer(server) {
      server.middlewares.use('/references', (request, response, next) => {
        const name = names().find((name) => request.url?.split('?')[0] === `/${name}`);
        if (!name) return next();
        response.setHeader('Content-Type', 'application/octet-stream');
        response.end(readFileSync(join(dir, name)));
      });
    },
    generateBundle() {
      for (const name of names()) {
        this.emitFile({ type: 'asset', fileName: `references/${name}`, source: readFileSync(join(dir, name)) });
      }
    },
  };
}

/** Which files gain from compression. Checkpoints are weights, which do not; images are compressed already. site.go has the same list. */
const compressible = new Set(['.html', '.css', '.js', '.json', '.svg', '.wasm', '.txt']);

/** Writes a FILE.br beside each compressible file of dir. Level 11 takes seconds for the engine, so results are kept in cache, by content. */
export function brotli(dir: string, cache: string): Plugin {
  const compress = (data: Buffer) => {
    const kept = join(cache, createHash('sha256').update(data).digest('hex'));
    if (existsSync(kept)) return readFileSync(kept);
    const packed = brotliCompressSync(data, {
      params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: data.length },
    });
    mkdirSync(cache, { recursive: true });
    writeFileSync(kept, packed);
    return packed;
  };
  return {
    name: 'margins:brotli',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!compressible.has(extname(name))) continue;
        writeFileSync(join(dir, `${name}.br`), compress(readFileSync(join(dir, name))));
      }
    },
  };
}
