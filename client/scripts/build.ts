/** Builds the package as it goes to npm: `npm run build -w client`. JavaScript by esbuild, types by tsc, the style sheet as it is. */
import { spawnSync } from 'node:child_process';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build as bundle } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** Writes `index.js`, `react/index.js`, what they share, their types and `style.css` into `folder`, which is emptied. */
export async function build(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await bundle({
    entryPoints: { index: join(root, 'src/index.ts'), 'react/index': join(root, 'src/react/index.ts') },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    jsx: 'automatic',
    external: ['react', 'react/jsx-runtime'],
    logLevel: 'warning',
  });
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const types = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), '--outDir', folder], {
    encoding: 'utf8',
  });
  if (types.status !== 0) throw new Error(`the types do not build:\n${types.stdout}${types.stderr}`);
  await nameModulesAsBuilt(folder);
  await copyFile(join(root, 'src/react/style.css'), join(folder, 'style.css'));
}

/** Declarations name their neighbours with `.ts` as the sources do; who installs the package has `.js` and `.d.ts`. */
async function nameModulesAsBuilt(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('.d.ts')) continue;
    const path = join(folder, name);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/(['"]\.{1,2}\/[^'"]+)\.tsx?(['"])/g, '$1.js$2'));
  }
}

if (import.meta.main) await build(join(root, 'dist'));
