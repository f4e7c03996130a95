import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ControlServer, listenForControl } from '../stand-in/control-server.ts';
import { VirtualClock } from '../time/virtual-clock.ts';
import { smtpControlApp } from './control.ts';
import { SmtpControl } from './control-client.ts';
import { SmtpServer } from './server.ts';

let clock: VirtualClock;
/** Resolves when the server waits for the clock. */
let waiting: PromiseWithResolvers<void>;
let server: SmtpServer;
let port: ControlServer;
let control: SmtpControl;
let url: string;

beforeEach(async () => {
  clock = new VirtualClock();
  waiting = Promise.withResolvers();
  const after = clock.after.bind(clock);
  clock.after = (milliseconds, action) => {
    const cancel = after(milliseconds, action);
    waiting.resolve();
    return cancel;
  };
  server = new SmtpServer({ credentials: { user: 'box@example.org', password: 'a/secret' }, clock });
  url = await server.listen();
  port = await listenForControl(smtpControlApp(server));
  control = new SmtpControl(port.url);
});
afterEach(async () => {
  await port.close();
  await server.close();
});

const mail = { from: 'Box <box@example.org>', to: 'ada@example.org', subject: 'Your call', text: 'It is ready.' };
const send = (more: object = {}, address = url) => createTransport(address).sendMail({ ...mail, ...more });
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 250,
    (error: Error & { responseCode?: number; code?: string }) => error.responseCode ?? error.code,
  );

test('mails are kept with their parts and attachments, and can be waited for', async () => {
  const coming = control.waitFor({ to: 'ben@example.org', subject: 'Grüße' });
  await send();
  await send({
    to: ['ben@example.org', 'Cleo <cleo@example.org>'],
    subject: 'Grüße 🎲',
    html: '<p>It is <b>ready</b>.</p>',
    attachments: [{ filename: 'talk.txt', content: Buffer.from('Ada: hello'), contentType: 'text/plain' }],
  });
  expect(await coming).toEqual({
    envelope: { from: 'box@example.org', to: ['ben@example.org', 'cleo@example.org'] },
    from: ['box@example.org'],
    to: ['ben@example.org', 'cleo@example.org'],
    subject: 'Grüße 🎲',
    text: expect.stringContaining('It is ready.'),
    html: expect.stringContaining('<b>ready</b>'),
    attachments: [
      { name: 'talk.txt', type: 'text/plain', size: 10, data: Buffer.from('Ada: hello').toString('base64') },
    ],
  });
  expect((await control.mails()).map(({ subject }) => subject)).toEqual(['Your call', 'Grüße 🎲']);
  expect((await control.waitFor({ to: 'ada@example.org' })).subject).toBe('Your call');
  await control.clear();
  expect(await control.mails()).toEqual([]);
  await expect(control.waitFor({ subject: 'Your call', timeoutMs: 1 })).rejects.toMatchObject({ code: 'timeout' });
});

test('only who knows the password may send; without credentials, anybody', async () => {
  expect(await codeOf(send({}, url.replace('a%2Fsecret', 'guess')))).toBe(535);
  expect(await codeOf(send({}, url.replace(/\/\/.*@/, '//')))).toBe(530);
  const open = new SmtpServer();
  expect(await codeOf(send({}, await open.listen()))).toBe(250);
  expect(open.mails()).toHaveLength(1);
  await open.close();
  expect(await control.mails()).toEqual([]);
});

test('mails are refused for now, and recipients for good', async () => {
  await control.setFaults({ refuseMails: 2, unknownRecipients: ['nobody@example.org'] });
  expect([await codeOf(send()), await codeOf(send()), await codeOf(send())]).toEqual([451, 451, 250]);
  expect(await codeOf(send({ to: 'nobody@example.org' }))).toBe(550);
  const { rejected, accepted } = await send({ to: 'nobody@example.org, ada@example.org' });
  expect([rejected, accepted]).toEqual([['nobody@example.org'], ['ada@example.org']]);
  expect((await control.clearFaults()).unknownRecipients).toEqual([]);
  expect(await codeOf(send({ to: 'nobody@example.org' }))).toBe(250);
});

test('the connection breaks when the text begins, and the mail is not there', async () => {
  await control.setFaults({ dropAtData: 1 });
  expect(['ECONNRESET', 'ECONNECTION', 'ESOCKET', 'EPIPE']).toContain(await codeOf(send()));
  expect(await control.mails()).toEqual([]);
  expect(await codeOf(send())).toBe(250);
});

test('a slow server acknowledges late', async () => {
  await control.setFaults({ delayMs: 20_000 });
  let isSent = false;
  const sending = send().then(() => {
    isSent = true;
  });
  await waiting.promise;
  clock.advance(19_999);
  expect([await control.mails(), isSent]).toEqual([[], false]);
  clock.advance(1);
  await sending;
  expect(await control.mails()).toHaveLength(1);
});
