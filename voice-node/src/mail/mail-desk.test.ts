import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SmtpServer } from '../../../sim/src/smtp/server.ts';
import { createLogger } from '../ops/logger.ts';
import { MailDesk } from './mail-desk.ts';

let directory: string;
let server: SmtpServer;
let url: string;
const reported: NodeEventDraft[] = [];
const order = {
  ...{ v: 1 as const, type: 'mail.send' as const, mailId: '01ARZ3NDEKTSV4RRFFQ69G5FAV', guildId: '1' },
  ...{ to: ['a@example.org', 'b@example.org'], subject: 'Recording of Booth', text: 'Línks, after sign-in.' },
};

beforeEach(async () => {
  reported.length = 0;
  directory = await mkdtemp(join(tmpdir(), 'mails-'));
  server = new SmtpServer({ credentials: { user: 'bot', password: 'secret' } });
  url = await server.listen(0);
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

async function open(smtpUrl = url): Promise<MailDesk> {
  const report = async (draft: NodeEventDraft) => void reported.push(draft);
  const logger = createLogger('silent');
  const desk = new MailDesk({ smtpUrl, from: 'Patchbay <bot@example.org>', directory, report, logger });
  await desk.start();
  return desk;
}
const types = () => reported.map(({ type }) => type);

test('a mail goes to each address once, also when it is ordered again after a restart', async () => {
  const desk = await open();
  await desk.send(order);
  await desk.send(order);
  desk.close();
  const again = await open();
  await again.send(order);
  again.close();
  expect(types()).toEqual(['mail.sent', 'mail.sent', 'mail.sent']);
  expect(server.mails()).toHaveLength(1);
  const [mail] = server.mails();
  expect(mail?.envelope.to.sort()).toEqual(order.to);
  expect(mail).toMatchObject({ subject: order.subject });
  expect(mail?.text).toContain('Línks, after sign-in.');
  // Who else gets it is nobody's business.
  expect(mail?.to).toEqual([]);
});

test('a mail that is refused is reported without an address, and sent when it is ordered again', async () => {
  const refused = await open(url.replace('secret', 'wrong'));
  await refused.send(order);
  refused.close();
  expect(reported[0]).toMatchObject({ type: 'mail.failed', mailId: order.mailId, code: 'smtp_eauth' });
  expect(JSON.stringify(reported[0])).not.toContain('example.org');
  const desk = await open();
  await desk.send(order);
  desk.close();
  expect(types()).toEqual(['mail.failed', 'mail.sent']);
  expect(server.mails()).toHaveLength(1);
});
