/** Starts the voice node. Says on stdout, in one line, when it is ready; logs go to stderr. */
import { PatchbayError } from '@patchbay/shared/errors';
import { createLogger } from './ops/logger.ts';
import { readSettings, type Settings } from './settings.ts';
import { VoiceNode } from './voice-node.ts';

function settingsOrExit(): Settings {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof PatchbayError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}

const settings = settingsOrExit();
const logger = createLogger(settings.logLevel);
const node = new VoiceNode(settings, logger);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    logger.info({ signal }, 'asked to stop');
    node.close().then(
      () => process.exit(0),
      (error) => {
        logger.fatal({ err: error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  });
}

try {
  const { healthUrl } = await node.start();
  process.stdout.write(`${JSON.stringify({ ready: true, healthUrl })}\n`);
} catch (error) {
  if (error instanceof PatchbayError) logger.fatal({ code: error.code }, error.message);
  else logger.fatal({ err: error }, 'the voice node could not start');
  process.exit(1);
}
