// @vitest-environment node
/** The package as others get it: built, packed into a folder of its own, imported and type-checked from outside. */
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build as bundle } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build } from '../scripts/build.ts';

/** Promised to those who put it on their page: bytes of `.`, bundled, minified, gzipped. */
const SIZE_LIMIT = 4_608;

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '..');
let folder: string;
let installed: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'patchbay-client-'));
  installed = join(folder, 'node_modules/@patchbay/client');
  await mkdir(installed, { recursive: true });
  await build(join(installed, 'dist'));
  await cp(join(root, 'package.json'), join(installed, 'package.json'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  for (const name of ['react', '@types']) {
    const place = dirname(require.resolve('react/package.json'));
    await symlink(join(place, '..', name), join(folder, 'node_modules', name));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function bundledSize(source: string): Promise<number> {
  const { outputFiles } = await bundle({
    stdin: { contents: source, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['react', 'react/jsx-runtime'],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

test('the whole of @patchbay/client is less than 4.5 kB gzipped', async () => {
  const size = await bundledSize(`export * from '@patchbay/client'`);
  expect(size).toBeGreaterThan(1_000);
  expect(size).toBeLessThan(SIZE_LIMIT);
});

test('it needs nothing at run time, and React only for its own entry', async () => {
  const { dependencies, peerDependenciesMeta } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  expect(dependencies).toBeUndefined();
  expect(peerDependenciesMeta.react.optional).toBe(true);
  expect(await readFile(join(installed, 'dist/index.js'), 'utf8')).not.toContain('react');
});

test('Node imports what the package says it exports, one client class for both entries', () => {
  const program = `
    const { VoiceEventsClient, watchMember } = await import('@patchbay/client');
    const react = await import('@patchbay/client/react');
    const style = import.meta.resolve('@patchbay/client/style.css');
    console.log(typeof VoiceEventsClient, typeof watchMember, Object.keys(react).sort().join(), style.slice(-14));
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(stdout.trim()).toBe(
    'function function VoiceDropoutModal,englishTexts,italianTexts,useCaptions,useSession,useVoiceChannelEvents,useVoiceEventsClient,useVoiceView dist/style.css',
  );
});

test.each(['nodenext', 'bundler'])('its types stand alone under moduleResolution %s', async (moduleResolution) => {
  await writeFile(
    join(folder, 'page.ts'),
    `import { CaptionList, VoiceEventsClient, type Departure } from '@patchbay/client';
     import { useVoiceChannelEvents, VoiceDropoutModal } from '@patchbay/client/react';
     const client = new VoiceEventsClient({ url: 'https://p.example', guildId: '1', getToken: async () => 't' });
     client.on('voice.left', ({ payload }) => { const kind: string = payload.cause.kind; console.log(kind); });
     // @ts-expect-error there is no such event
     client.on('voice.sang', () => undefined);
     export const said: string | undefined = new CaptionList().lines[0]?.text;
     export const answer: Promise<{ kind: 'link' | 'moved' }> = client.rejoin('2');
     export function use(): Departure | undefined {
       return useVoiceChannelEvents({ url: '', guildId: '', userId: '', getToken: async () => '' }).dropout;
     }
     export const modal: typeof VoiceDropoutModal = VoiceDropoutModal;`,
  );
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext';
  const options = `--noEmit --strict --lib es2024,dom,dom.iterable --module ${module} --moduleResolution ${moduleResolution}`;
  const { stdout } = spawnSync(process.execPath, [tsc, ...options.split(' '), 'page.ts'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
});
