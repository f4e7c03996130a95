/** The child process that finalises one recording: a crash or a long computation here never touches a call. */
import { PatchbayError } from '@patchbay/shared/errors';
import { libopus } from '../audio/opus-codec.ts';
import { finalise } from './finalise.ts';
import { type ChildMessage, jobSchema } from './job.ts';
import { makeFragment } from './make-fragment.ts';

const say = (message: ChildMessage): void => {
  process.send?.(message);
};

process.once('message', async (message) => {
  try {
    let last = -1;
    const { only, ...job } = jobSchema.parse(message);
    if (only) {
      say({ type: 'fragments', fragments: await makeFragment({ ...job, codec: libopus, only }) });
      process.disconnect();
      return;
    }
    const report = await finalise({
      ...job,
      codec: libopus,
      onProgress: (percent) => {
        if (percent !== last) say({ type: 'progress', percent });
        last = percent;
      },
    });
    say({ type: 'report', report });
  } catch (error) {
    const { code, message: words } =
      error instanceof PatchbayError ? error : { code: 'finalise_failed', message: String(error) };
    say({ type: 'failed', code, message: words });
  }
  process.disconnect();
});

// The node is gone: its next process begins anew.
process.once('disconnect', () => process.exit());
