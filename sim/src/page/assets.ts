/** The page's files as browsers take them: TypeScript with its types stripped, and the modules of npm that it imports. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { findPackageJSON, stripTypeScriptTypes } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(import.meta.resolve('../../page/'));
/** `import` name → package and the file in it that browsers can load. */
const modules: Record<string, [name: string, file: string]> = {
  preact: ['preact', 'dist/preact.mjs'],
  'preact/hooks': ['preact', 'hooks/dist/hooks.mjs'],
  htm: ['htm', 'dist/htm.module.js'],
};
const types: Record<string, string> = {
  '.ts': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export interface Asset {
  body: string;
  type: string;
}

const importMap = JSON.stringify({
  imports: Object.fromEntries(Object.keys(modules).map((name) => [name, `/page/modules/${name}.js`])),
});
const importMapHash = createHash('sha256').update(importMap).digest('base64');

/** Nothing but the page's own scripts runs, whatever a bot writes into its messages; its pictures may come from anywhere. */
export const contentSecurityPolicy = [
  "default-src 'self'",
  `script-src 'self' 'sha256-${importMapHash}'`,
  "style-src 'self' 'unsafe-inline'",
  'img-src * data: blob:',
  'media-src * data: blob:',
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

export async function indexPage(): Promise<string> {
  const text = await readFile(join(root, 'index.html'), 'utf8');
  return text.replace('<!-- import map -->', `<script type="importmap">${importMap}</script>`);
}

const stripped = new Map<string, { changedAt: number; body: string }>();

/** A file of `sim/page`, such as `state/store.ts`; undefined when there is none. */
export async function pageFile(path: string): Promise<Asset | undefined> {
  const type = types[extname(path)];
  if (type === undefined || !/^[a-z0-9-]+(\/[a-z0-9-]+)*\.[a-z]+$/.test(path)) return undefined;
  const file = join(root, path);
  const changedAt = (await stat(file).catch(() => undefined))?.mtimeMs;
  if (changedAt === undefined) return undefined;
  const known = stripped.get(file);
  if (known?.changedAt === changedAt) return { type, body: known.body };
  const text = await readFile(file, 'utf8');
  const body = extname(path) === '.ts' ? stripTypeScriptTypes(text) : text;
  stripped.set(file, { changedAt, body });
  return { type, body };
}

/** A module of the import map. */
export async function moduleFile(name: string): Promise<Asset | undefined> {
  const found = Object.hasOwn(modules, name) ? modules[name] : undefined;
  if (!found) return undefined;
  const manifest = findPackageJSON(found[0], import.meta.url);
  if (manifest === undefined) throw new Error(`${found[0]} is not installed; run npm install`);
  return { type: 'text/javascript; charset=utf-8', body: await readFile(join(dirname(manifest), found[1]), 'utf8') };
}
