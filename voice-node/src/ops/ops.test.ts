import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';
import { HealthServer } from './health-server.ts';
import { createLogger } from './logger.ts';

test('waiting doubles up to its limit and is spread by 20 percent', () => {
  expect([0, 1, 2, 3, 4, 5].map((attempt) => backoffMs(attempt, { random: () => 0.5 }))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 16_000,
  ]);
  expect(backoffMs(0, { random: () => 0 })).toBe(800);
});

test('secrets do not reach the log', () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  createLogger('info', sink).info({ token: 'abc.def', nested: { hubSecret: 'ghi' } }, 'hello');
  expect(lines.join('')).toContain('hello');
  expect(lines.join('')).not.toMatch(/abc\.def|ghi/);
});

test('the health page tells by its status', async () => {
  let healthy = false;
  const server = new HealthServer(() => ({ healthy }));
  const url = await server.listen(0);
  expect((await fetch(url)).status).toBe(503);
  healthy = true;
  expect((await fetch(url)).status).toBe(200);
  expect((await fetch(url.replace('healthz', 'other'))).status).toBe(404);
  await server.close();
});
