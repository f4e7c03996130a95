import { expect, test } from 'vitest';
import { answered, isDue, type PanelRecord, wants } from './plan.ts';
import { buttonId, readButtonId, renderPanel } from './render.ts';
import { type PanelState, panelStateSchema } from './state.ts';

const sessionId = '01K0000000000000000000000A';
const waiting: PanelState = {
  channelId: '5',
  channelName: 'Lounge',
  locale: 'en',
  phase: { kind: 'waiting', since: 1_000_000, place: 3 },
};
const session = (change: object = {}): PanelState =>
  panelStateSchema.parse({
    ...waiting,
    phase: {
      kind: 'session',
      sessionId,
      state: 'active',
      startedAt: 2_000_000,
      partners: [{ name: 'Far Away', speaking: [], held: false }],
      recording: false,
      monitors: [],
      ...change,
    },
  });

interface Shown {
  components: { components: { content?: string; components?: { label: string; custom_id: string }[] }[] }[];
}
const shown = (state: PanelState) => renderPanel(state) as unknown as Shown;
const text = (state: PanelState) => shown(state).components[0]?.components[0]?.content ?? '';
const buttons = (state: PanelState) => shown(state).components[0]?.components[1]?.components ?? [];

test('it says what the channel does, in the language of its server, and times without an edit', () => {
  expect(text(waiting)).toBe('### Waiting for another server\n🔊 Lounge\nsince <t:1000:R> · place 3 in the queue');
  expect(text({ ...waiting, locale: 'it' })).toContain('In attesa di un altro server');
  const call = session({
    partners: [{ name: 'Far Away', speaking: ['ada'], held: false }],
    encrypted: true,
    delayMs: 1.4,
  });
  expect(text(call)).toBe(
    '### In a call with **Far Away**\n🔊 Lounge\n🗣️ Speaking: ada\nsince <t:2000:R> · 🔒 end-to-end encrypted · 1 ms delay',
  );
  const crowd = session({ partners: [{ speaking: [], held: true }], recording: true, monitors: ['Desk'] });
  expect(text(crowd)).toContain('with another server (on hold)');
  expect(text(crowd)).toContain('Nobody is speaking there');
  expect(text(crowd)).toContain('This side is being recorded');
  expect(text(crowd)).toContain('Listening in: Desk');
  expect(text(crowd)).not.toContain('seal');
  const sealed = session({ sealable: true, sealedAt: 3_000_000 });
  expect(text(sealed)).toContain('-# Reports can seal the last 10 seconds');
  expect(text(sealed)).toContain('A report sealed ten seconds of this call <t:3000:R>');
  expect(text(session({ sealable: true, state: 'ending' }))).not.toContain('Reports can seal');
  const last = { reason: 'timeout', lengthMs: 125_000 } as const;
  expect(text({ ...waiting, phase: { kind: 'idle', last } })).toContain('It lasted 2 min 5 s.');
  expect(text({ ...waiting, phase: { kind: 'waiting', since: 0, last } })).toContain('-# Last call: The time limit');
});

test('names of other servers and people cannot mention, link or format anything', () => {
  const evil = session({ partners: [{ name: '@everyone <@1> [x](http://y)', speaking: ['**<#2>** `'], held: false }] });
  expect(renderPanel(evil).allowed_mentions).toEqual({ parse: [] });
  expect(text(evil)).not.toMatch(/(?<!\\)@everyone|(?<!\\)<@|(?<!\\)<#|(?<!\\)\[x/);
  expect(text(evil)).toContain('\\@everyone \\<\\@1\\>');
});

test('buttons fit the phase, and name channel and session', () => {
  expect(buttons(waiting).map(({ label }) => label)).toEqual(['Stop']);
  expect(buttons(session()).map(({ label }) => label)).toEqual(['Next', 'Stop', 'Report']);
  expect(buttons(session({ state: 'ending' }))).toEqual([]);
  const [next] = buttons(session());
  expect(readButtonId(next?.custom_id ?? '')).toEqual({ action: 'next', channelId: '5', sessionId });
  expect(readButtonId(buttonId('stop', '5'))).toEqual({ action: 'stop', channelId: '5', sessionId: undefined });
  for (const id of ['', 'panel:next', 'panel:burn:5:', 'panel:next:x:', `panel:next:5:${sessionId}x`]) {
    expect(readButtonId(id)).toBeUndefined();
  }
});

let nonces = 0;
const nonce = () => {
  nonces += 1;
  return `nonce ${nonces}`;
};
const place = { guildId: '1', textChannelId: '9' };
const first = (): PanelRecord => {
  const record = wants(undefined, place, waiting, 1, nonce);
  if (!record) throw new Error('a first state is always newer');
  return record;
};

test('the newest state wins, whatever the order; what came during an edit is shown after it', () => {
  const record = first();
  expect(isDue(record)).toBe(true);
  const newer = wants(record, place, session(), 2, nonce);
  if (!newer) throw new Error('version 2 is newer');
  expect(wants(newer, place, waiting, 1, nonce)).toBeUndefined();
  const posted = answered(newer, 1, { kind: 'ok', body: { id: '77' } }, 10_000, nonce);
  expect(posted).toMatchObject({ messageId: '77', shown: 1, notBefore: 11_500 });
  expect(isDue(posted)).toBe(true);
  expect(isDue(answered(posted, 2, { kind: 'ok', body: { id: '77' } }, 12_000, nonce))).toBe(false);
});

test('a post without an answer is repeated with its nonce, and edited to the newest state', () => {
  const lost = answered(first(), 1, { kind: 'later', afterMs: 100 }, 0, nonce);
  const newer = wants(lost, place, session(), 2, nonce);
  expect(newer?.nonce).toBe(lost.nonce);
  const found = newer && answered(newer, 2, { kind: 'ok', body: { id: '77' } }, 200, nonce);
  // The message may be that of the first post: it is not known to show the second state.
  expect(found).toMatchObject({ messageId: '77', shown: -1, unsure: false });
});

test('429 waits, a deleted message is posted anew, a refusal rests until something changes, another channel starts afresh', () => {
  const posted = answered(first(), 1, { kind: 'ok', body: { id: '77' } }, 0, nonce);
  const changed = wants(posted, place, session(), 2, nonce);
  if (!changed) throw new Error('version 2 is newer');
  expect(answered(changed, 2, { kind: 'later', afterMs: 4_000 }, 1_000, nonce)).toMatchObject({
    notBefore: 5_000,
    shown: 1,
  });
  const gone = answered(changed, 2, { kind: 'refused', status: 404, code: 10008 }, 1_000, nonce);
  expect([gone.messageId, isDue(gone)]).toEqual([undefined, true]);
  const refused = answered(changed, 2, { kind: 'refused', status: 403, code: 50013 }, 1_000, nonce);
  expect([refused.problem, isDue(refused)]).toEqual(['missing_permissions', false]);
  const again = wants(refused, place, waiting, 3, nonce);
  expect([again?.problem, again && isDue(again)]).toEqual([undefined, true]);
  const moved = wants(posted, { ...place, textChannelId: '10' }, waiting, 4, nonce);
  expect([moved?.messageId, moved && isDue(moved)]).toEqual([undefined, true]);
});
