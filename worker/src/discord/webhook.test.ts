import { afterEach, expect, test, vi } from 'vitest';
import { editOriginal } from './webhook.ts';

afterEach(() => vi.unstubAllGlobals());

/** Discord that answers with these states in turn; `null` never answers in time. */
function discord(...states: (number | null)[]) {
  vi.stubGlobal('scheduler', { wait: async () => undefined });
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => {
    const status = states.shift();
    if (status === null || status === undefined) throw new DOMException('late', 'TimeoutError');
    return new Response('{}', { status });
  });
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

test('a late answer is tried again after an error, a limit or no answer', async () => {
  const fetch = discord(500, null, 200);
  await editOriginal('http://discord.test/api', '9', 'secret-token', 'hello');
  expect(fetch).toHaveBeenCalledTimes(3);
  const [url, init] = fetch.mock.calls[2] ?? [];
  expect(url).toBe('http://discord.test/api/v10/webhooks/9/secret-token/messages/@original');
  expect(init).toMatchObject({ method: 'PATCH', signal: expect.any(AbortSignal) });
  expect(JSON.parse(String(init?.body))).toMatchObject({ content: 'hello' });
});

test('what Discord refuses is not repeated, and the error does not hold the token', async () => {
  const fetch = discord(404, 200);
  const problem = await editOriginal('http://discord.test/api', '9', 'secret-token', 'hello').catch((error) => error);
  expect(problem).toMatchObject({ code: 'discord_unavailable' });
  expect(String(problem)).not.toContain('secret-token');
  expect(fetch).toHaveBeenCalledTimes(1);
});
