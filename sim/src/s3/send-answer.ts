/** Puts an answer on the wire: whole, slowly, or broken off in the middle. */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../time/clock.ts';
import type { Answer } from './operations.ts';

export interface SendOptions {
  clock: Clock;
  /** HEAD: the headers of the body without the body. */
  isHead: boolean;
  bytesPerSecond?: number | undefined;
  /** Resets the connection when so much of the body was sent. */
  resetAfter?: number | undefined;
}

/** A slow body goes out in so many pieces a second. */
const PIECES_PER_SECOND = 10;

export async function sendAnswer(response: ServerResponse, answer: Answer, options: SendOptions): Promise<void> {
  const { clock, isHead, bytesPerSecond, resetAfter } = options;
  const whole = Buffer.from(answer.body ?? '');
  response.writeHead(answer.status, { 'content-length': whole.length, ...answer.headers });
  const body = isHead ? Buffer.alloc(0) : whole.subarray(0, resetAfter);
  if (bytesPerSecond !== undefined) {
    const size = Math.max(1, Math.ceil(bytesPerSecond / PIECES_PER_SECOND));
    for (let start = 0; start < body.length && !response.destroyed; start += size) {
      response.write(body.subarray(start, start + size));
      await wait(clock, (size / bytesPerSecond) * 1000);
    }
  } else if (body.length > 0) await new Promise<void>((resolve) => response.write(body, () => resolve()));
  if (resetAfter !== undefined) response.socket?.resetAndDestroy();
  else response.end();
}

export function wait(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}
