import { expect, test } from 'vitest';
import { fingerprint, LIVE_SPACING_MS, liveDueAt } from './live.ts';
import { answered, isDue, type PanelRecord, wants } from './plan.ts';
import { buttonId, readButtonId, renderPanel } from './render.ts';
import { type PanelLive, type PanelState, panelStateSchema } from './state.ts';

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
      partners: [{ name: 'Far Away', held: false }],
      recording: false,
      monitors: [],
      ...change,
    },
  });

interface Shown {
  components: { components: { content?: string; components?: { label: string; custom_id: string }[] }[] }[];
}
const shown = (state: PanelState, live?: PanelLive) => renderPanel(state, live) as unknown as Shown;
const text = (state: PanelState, live?: PanelLive) => shown(state, live).components[0]?.components[0]?.content ?? '';
const live = (change: Partial<PanelLive> = {}): PanelLive => ({ sessionId, speaking: [], unnamed: 0, ...change });
const buttons = (state: PanelState) => shown(state).components[0]?.components[1]?.components ?? [];

test('it says what the channel does, in the language of its server, and times without an edit', () => {
  expect(text(waiting)).toBe('### Waiting for another server\n🔊 Lounge\nsince <t:1000:R> · place 3 in the queue');
  expect(text({ ...waiting, locale: 'it' })).toContain('In attesa di un altro server');
  const call = session({ encrypted: true });
  expect(text(call, live({ speaking: ['ada'], delayMs: 1.4 }))).toBe(
    '### In a call with **Far Away**\n🔊 Lounge\n🗣️ Speaking: ada\nsince <t:2000:R> · 🔒 end-to-end encrypted · 1 ms delay',
  );
  const crowd = session({ partners: [{ held: true }], recording: true, monitors: [{ name: 'Desk' }, {}] });
  expect(text(crowd)).toContain('with another server (on hold)');
  expect(text(crowd)).toContain('This side is being recorded');
  expect(text(crowd)).toContain('Listening in: Desk, another server');
  expect(text(crowd)).not.toContain('seal');
  const sealed = session({ sealable: true, sealedAt: 3_000_000 });
  expect(text(sealed)).toContain('-# Reports can seal the last 10 seconds');
  expect(text(sealed)).toContain('A report sealed ten seconds of this call <t:3000:R>');
  expect(text(session({ sealable: true, state: 'ending' }))).not.toContain('Reports can seal');
  const last = { reason: 'timeout', lengthMs: 125_000 } as const;
  expect(text({ ...waiting, phase: { kind: 'idle', last } })).toContain('It lasted 2 min 5 s.');
  expect(text({ ...waiting, phase: { kind: 'waiting', since: 0, last } })).toContain('-# Last call: The time limit');
});

test('a channel that is recorded without a call says so, with no buttons of a call', () => {
  const alone = (recording: boolean): PanelState =>
    panelStateSchema.parse({ ...waiting, phase: { kind: 'recording', recording, startedAt: 2_000_000 } });
  expect(text(alone(true))).toBe('### ⏺️ This channel is being recorded\n🔊 Lounge\nsince <t:2000:R>');
  expect(text(alone(false))).toBe('### This channel is about to be recorded\n🔊 Lounge');
  expect(buttons(alone(true))).toEqual([]);
  const both = panelStateSchema.parse({ ...waiting, phase: { ...waiting.phase, recording: true } });
  expect(text(both)).toContain('This side is being recorded');
});

test('who speaks is named, counted, or nobody; without word of it nothing is said', () => {
  const call = session();
  expect(text(call)).not.toMatch(/speaking/i);
  expect(text(call, live())).toContain('Nobody is speaking there');
  expect(text(call, live({ speaking: ['ada', 'ben'] }))).toContain('Speaking: ada, ben\n');
  expect(text(call, live({ speaking: ['ada'], unnamed: 2 }))).toContain('Speaking: ada and 2 more\n');
  expect(text(call, live({ unnamed: 1 }))).toContain('1 person is speaking there');
  expect(text({ ...call, locale: 'it' }, live({ unnamed: 2 }))).toContain('parlano in 2');
  // Of the call before, or of one that does not run yet.
  expect(text(call, { ...live({ unnamed: 2 }), sessionId: '01K0000000000000000000000B' })).not.toMatch(/speaking/);
  expect(text(session({ state: 'connecting' }), live({ unnamed: 2, delayMs: 5 }))).not.toMatch(/speaking|delay/);
});

test('delays are coarse: what nobody hears changes nothing', () => {
  const delay = (delayMs: number) => /[^·]* delay/.exec(text(session(), live({ delayMs })))?.[0];
  expect([0, 0.4, 3.2, 24, 26.9].map(delay)).toEqual([
    ' under 1 ms delay',
    ' under 1 ms delay',
    ' 3 ms delay',
    ' 25 ms delay',
    ' 25 ms delay',
  ]);
});

test('a side on hold reads so, and nobody speaks to it; a monitor reads that it listens', () => {
  const held = text(session({ held: true }), live({ speaking: ['ada'] }));
  expect(held).toContain('This side is on hold');
  expect(held).not.toContain('ada');
  expect(text(session({ listening: true }))).toContain('### Listening in on a call with **Far Away**');
});

test('live facts wait for their time; a state takes them along, and nothing new is no edit', () => {
  const posted = { ...first(), messageId: '77', shown: 1, shownAs: 'now', notBefore: 1_500 };
  expect(liveDueAt(posted, 0, 'now')).toBeUndefined();
  expect(liveDueAt(posted, 0, 'new')).toBe(1_500);
  expect(liveDueAt(posted, LIVE_SPACING_MS, 'new')).toBe(LIVE_SPACING_MS);
  expect(liveDueAt({ ...posted, version: 2 }, 0, 'new')).toBeUndefined();
  expect(liveDueAt({ ...posted, messageId: undefined }, 0, 'new')).toBeUndefined();
  expect(liveDueAt({ ...posted, problem: 'missing_access' }, 0, 'new')).toBeUndefined();
  // When two edits overtook each other it is not known what the message shows.
  expect(liveDueAt({ ...posted, shownAs: undefined }, 0, 'now')).toBe(1_500);
  const print = (name: string) => fingerprint(renderPanel(session(), live({ speaking: [name] })));
  expect(print('ada')).toBe(print('ada'));
  expect(print('ada')).not.toBe(print('adb'));
});

test('names of other servers and people cannot mention, link or format anything', () => {
  const name = '@everyone <@1> [x](http://y)';
  const evil = session({ partners: [{ name, held: false }], monitors: [{ name }] });
  const said = live({ speaking: ['**<#2>** `'] });
  expect(renderPanel(evil, said).allowed_mentions).toEqual({ parse: [] });
  expect(text(evil, said)).not.toMatch(/(?<!\\)@everyone|(?<!\\)<@|(?<!\\)<#|(?<!\\)\[x/);
  expect(text(evil, said)).toContain('\\@everyone \\<\\@1\\>');
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
