import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

const secretNames = ['token', 'authorization', 'secret', 'secretKey', 'secret_key', 'hubSecret', 'secretAccessKey'];

/**
 * The process's logger: JSON lines on stderr (stdout is for the one line that says the node is ready). Fields that hold
 * secrets by their names are blanked, at the top and one level down.
 */
export function createLogger(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino(
    {
      level,
      base: { service: 'voice-node' },
      redact: { paths: secretNames.flatMap((name) => [name, `*.${name}`]), censor: '[redacted]' },
    },
    destination,
  );
}
