import { expect, test } from 'vitest';
import { parseMatrix } from './matrix.ts';
import { applyPatch, resolveSettings, type SettingsPatch } from './settings.ts';
import { sameWishes, ticketOf } from './ticket.ts';

test('a channel goes before its server, which goes before the defaults', () => {
  expect(resolveSettings('1').after).toBe('requeue');
  expect(resolveSettings('1', { after: 'idle' }).after).toBe('idle');
  expect(resolveSettings('1', { after: 'idle', leastPeople: 3 }, { after: 'cooldown' })).toMatchObject({
    after: 'cooldown',
    leastPeople: 3,
  });
});

test('a desk waits in the pool of its server, others in the common one, unless a pool is set', () => {
  expect(resolveSettings('1').pool).toBe('default');
  expect(resolveSettings('1', {}, { mode: 'support-staff' }).pool).toBe('1');
  expect(resolveSettings('1', {}, { mode: 'support-caller', pool: 'help' }).pool).toBe('help');
});

test.each([
  [{ pool: 'No Spaces' }, 'wrong_pool'],
  [{ pool: '2' }, 'pool_private'],
  [{ language: 'italian' }, 'wrong_language'],
  [{ region: 'moon' }, 'wrong_region'],
  [{ priority: 10 }, 'wrong_priority'],
  [{ priority: 1.5 }, 'wrong_priority'],
  [{ mode: 'party' }, 'wrong_mode'],
  [{ after: 'never' }, 'wrong_after'],
  [{ cooldownSeconds: 0 }, 'wrong_cooldownSeconds'],
  [{ limitSeconds: -1 }, 'wrong_limitSeconds'],
  [{ limitSeconds: 60, warnSeconds: 60 }, 'warn_after_limit'],
  [{ leastPeople: 0 }, 'wrong_leastPeople'],
  [{ panel: 'general' }, 'wrong_panel'],
  [{ policy: 'speed-dating' }, 'policy_without_custom'],
  [{ mode: 'custom', policy: 'Speed Dating' }, 'wrong_policy'],
  [{ mode: 'custom', matrix: '1>1' }, 'wrong_matrix'],
  [{ mode: 'custom', matrix: 'all' }, 'wrong_matrix'],
  [{ mode: 'custom', matrix: '1>9' }, 'wrong_matrix'],
  [{ mode: 'custom', matrix: '1>2', seat: 3 }, 'seat_outside'],
  [{ mode: 'custom', seat: 1 }, 'seat_outside'],
  [{ matrix: '1>2' }, 'policy_without_custom'],
])('%o is refused as %s', (patch, code) => {
  expect(applyPatch('1', {}, patch as SettingsPatch)).toEqual({ ok: false, code });
});

test('a change keeps what it does not name, and null takes a setting back', () => {
  const before = { language: 'it', limitSeconds: 60 };
  expect(applyPatch('1', before, { pool: '1' })).toEqual({ ok: true, settings: { ...before, pool: '1' } });
  expect(applyPatch('1', before, { language: null })).toEqual({ ok: true, settings: { limitSeconds: 60 } });
  // No limit, so no warning can come too late.
  expect(applyPatch('1', {}, { limitSeconds: 0, warnSeconds: 30 }).ok).toBe(true);
});

const facts = {
  ticketId: 'A',
  guildId: '1',
  channelId: '2',
  at: 5,
  ageRestricted: true,
  blocks: ['7'],
  lastPartner: '8',
};

test('a ticket carries what the matchmaker may look at', () => {
  const settings = resolveSettings('1', {}, { language: 'it', region: 'europe', priority: 3 });
  expect(ticketOf(facts, settings)).toEqual({
    ...facts,
    mode: 'bridge',
    priority: 3,
    staff: false,
    language: 'it',
    region: 'europe',
    pool: 'default',
  });
  const { lastPartner: _none, ...fresh } = facts;
  const desk = ticketOf({ ...fresh, lastPartner: undefined }, resolveSettings('1', {}, { mode: 'support-staff' }));
  expect(desk).toMatchObject({ mode: 'support', side: 'staff', staff: true, pool: '1' });
  expect(desk).not.toHaveProperty('lastPartner');
  expect(ticketOf(facts, resolveSettings('1', { mode: 'custom', policy: 'level' }))).toMatchObject({
    mode: 'custom',
    policy: 'level',
  });
});

test('only wishes make a ticket another one', () => {
  const ticket = ticketOf(facts, resolveSettings('1'));
  expect(sameWishes(ticket, { ...ticket, ticketId: 'B', at: 9 })).toBe(true);
  expect(sameWishes(ticket, { ...ticket, blocks: ['7', '9'] })).toBe(false);
  expect(sameWishes(ticket, { ...ticket, ageRestricted: false })).toBe(false);
});

test('a matrix is read by seat, equal however it is written, and goes into the ticket', () => {
  const broadcast = {
    size: 3,
    routes: [
      [0, 1],
      [0, 2],
    ],
    reserved: [0],
  };
  expect(parseMatrix('1*>2 1*>3')).toEqual(broadcast);
  expect(parseMatrix('1>3,1*>2, 1>2')).toEqual(broadcast);
  const settings = resolveSettings('1', { mode: 'custom', matrix: '1*>2 1*>3', seat: 1 });
  expect(ticketOf(facts, settings)).toMatchObject({ mode: 'custom', matrix: broadcast, seat: 0 });
});
