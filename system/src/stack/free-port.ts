/** Ports for what cannot take one from the system by itself. */
import getPort from 'get-port';

/** Below the ports that Linux hands out itself (from 32,768): an outgoing connection never takes one in between. */
const FIRST = 10_000;
const RANGE = 1_000;
const RANGES = 22;
const CANDIDATES = 50;

/**
 * A port that nobody listens on. A port is free until somebody binds it, so two who look at the same time may choose the same one:
 * test workers that run side by side choose from ranges of their own.
 */
export function freePort(): Promise<number> {
  const worker = Number(process.env.VITEST_POOL_ID ?? process.pid);
  const first = FIRST + (worker % RANGES) * RANGE;
  const port = Array.from({ length: CANDIDATES }, () => first + Math.floor(Math.random() * RANGE));
  return getPort({ port });
}
