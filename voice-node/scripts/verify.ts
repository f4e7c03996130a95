/**
 * `npm run verify -- SESSION`: checks a recording in the bucket against its manifest, by the settings of the voice node (`S3_…`, from the
 * environment or `.env`). Exit code 0: everything is there as it was made; 1: something is missing or different; 2: it could not be checked.
 */
import { PatchbayError } from '@patchbay/shared/errors';
import { verifyRecording } from '../src/finalise/verify.ts';
import { readStorage } from '../src/settings.ts';
import { ObjectStore } from '../src/storage/object-store.ts';

async function verify(sessionId: string): Promise<number> {
  const store = new ObjectStore(readStorage(process.env));
  try {
    const { manifest, findings, whole } = await verifyRecording(sessionId, store);
    const say = (line: string) => process.stdout.write(`${line}\n`);
    for (const { key, what } of findings) say(`${what}: ${key}`);
    if (!manifest.complete) say(`not complete: ${manifest.incompleteBecause.join(', ')}`);
    for (const { userId, spans } of manifest.missing) {
      say(`never stored, of ${userId}: ${spans.map((span) => span.map((at) => at / 48_000).join('–')).join(', ')} s`);
    }
    const bad = findings.filter(({ what }) => what !== 'unlisted').length;
    say(`${manifest.objects.length - bad} of ${manifest.objects.length} objects are as they were made.`);
    return whole ? 0 : 1;
  } finally {
    store.close();
  }
}

const [sessionId] = process.argv.slice(2);
if (sessionId === undefined) {
  process.stderr.write('Usage: npm run verify -- SESSION   (the id of the session, as in the keys of the bucket)\n');
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await verify(sessionId);
  } catch (error) {
    process.stderr.write(`${error instanceof PatchbayError ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}
