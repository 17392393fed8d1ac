import { svelte } from '@sveltejs/vite-plugin-svelte';
import { svelteTesting } from '@testing-library/svelte/vite';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { brotli, clean, policyOnlyWhenBuilt, references } from './vite.plugins.ts';

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('.'),
  base: './', // every address is relative, so that dist works under any path of any file server
  plugins: [
    svelte(),
    svelteTesting(),
    policyOnlyWhenBuilt(),
    references(path('../mmpo/references')),
    clean(path('dist')),
    brotli(path('dist'), path('../build/brotli')),
  ],
  resolve: {
    // What `make engine` builds: engine.wasm, kernel.wasm, wasm_exec.js. The worker's glue stands beside the Go code that it talks to.
    alias: { '@build': path('../build'), '@wasm': path('../wasm') },
  },
  worker: { format: 'es' },
  server: { fs: { allow: [path('..')] } },
  build: {
    target: 'es2022',
    emptyOutDir: false, // clean() does it, and keeps the .gitkeep that go:embed needs
    assetsInlineLimit: 0, // a small .wasm as a data: URL could not be fetched under the page's policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false, // `npm run size` measures what is served
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.ts'],
    setupFiles: ['./vitest.setup.ts'],
    passWithNoTests: false,
  },
});
