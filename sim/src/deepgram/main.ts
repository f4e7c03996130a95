/** The Deepgram stand-in as a process of its own. Prints one line of JSON when it is ready. */
import { z } from 'zod';
import { loadClips } from '../clips/library.ts';
import { DeepgramServer } from './server.ts';

const settings = z
  .object({
    DEEPGRAM_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
    DEEPGRAM_API_KEY: z.string().min(1),
    /** Connections open at once. */
    DEEPGRAM_CONCURRENCY: z.coerce.number().int().min(0).default(150),
  })
  .safeParse(process.env);
if (!settings.success) {
  process.stderr.write(`wrong settings:\n${z.prettifyError(settings.error)}\n`);
  process.exit(2);
}

const { DEEPGRAM_PORT, DEEPGRAM_API_KEY, DEEPGRAM_CONCURRENCY } = settings.data;
const server = new DeepgramServer({
  apiKey: DEEPGRAM_API_KEY,
  clips: (await loadClips()).values(),
  faults: { concurrency: DEEPGRAM_CONCURRENCY },
});
const url = await server.listen(DEEPGRAM_PORT);
process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close().then(() => process.exit(0));
  });
}
