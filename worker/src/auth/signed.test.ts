import { readFile } from 'node:fs/promises';
import { sign } from '@patchbay/shared/signing';
import { expect, test } from 'vitest';
import { z } from 'zod';

const vectorSchema = z.object({
  secret: z.string(),
  method: z.string(),
  path: z.string(),
  node: z.string(),
  timestamp: z.number(),
  nonce: z.string(),
  body: z.string(),
  signature: z.string(),
});

test('the test vector of docs/protocol.md is what the code signs', async () => {
  const page = await readFile(`${import.meta.dirname}/../../../docs/protocol.md`, 'utf8');
  const vector = vectorSchema.parse(JSON.parse(/```json\n([\s\S]*?)\n```/.exec(page)?.[1] ?? ''));
  const { secret, node: nodeId, signature, ...request } = vector;
  expect((await sign(secret, { ...request, nodeId }))['x-patchbay-signature']).toBe(signature);
});
