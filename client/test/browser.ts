/** A real Chromium for the tests: the system's, driven by playwright-core; and small pages bundled for it. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Browser, chromium } from 'playwright-core';

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where Chromium is; `CHROMIUM_PATH` counts first. `undefined` when there is none. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  return named !== undefined && named !== '' ? named : places.find((place) => existsSync(place));
}

/** Starts it without a window and without asking anybody on the Internet. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Serves one page made of a `.tsx` beside this file and the package's style sheet. */
export async function servePage(entry: string): Promise<{ url: string; close: () => void }> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'pages', entry)],
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"development"' },
  });
  const script = outputFiles[0]?.text ?? '';
  const style = await readFile(join(import.meta.dirname, '../src/react/style.css'), 'utf8');
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Test</title><link rel="icon" href="data:,">
    <style>${style}</style><body><div id="root"></div><script type="module" src="/page.js"></script>`;
  const server = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}
