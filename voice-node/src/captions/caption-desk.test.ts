import type { Ephemeral } from '@patchbay/shared/control-messages';
import { ulid } from 'ulid';
import { expect, test } from 'vitest';
import { createLogger } from '../ops/logger.ts';
import { VirtualTime } from '../ops/virtual-time.ts';
import { CaptionDesk } from './caption-desk.ts';
import { TinyEngine } from './tiny-engine.ts';

test('a connection is asked for as soon as a leg is captioned, before anybody speaks; and no more often than it must be', () => {
  const time = new VirtualTime();
  const sent: { at: number; message: Ephemeral }[] = [];
  const desk = new CaptionDesk({
    engine: new TinyEngine(time),
    off: 'off',
    channels: 1,
    connections: 100,
    nameOf: () => undefined,
    report: () => undefined,
    send: (message) => sent.push({ at: time.now(), message }) > 0,
    logger: createLogger('silent'),
    scheduler: time,
  });
  const began = time.now();
  const leg = { legId: ulid(), guildId: '1', channelId: '10', identityId: '9', epoch: 1, role: 'party' as const };
  const spec = {
    ...{ id: ulid(), revision: 1, mode: 'bridge' as const, routes: [], limits: { seconds: 0 }, timeZero: began },
    ...{ legs: [leg], optedOut: [] },
    captions: { legs: [{ legId: leg.legId, language: 'en', keyterms: [], prerecorded: 'gaps' as const }] },
  };
  const captions = desk.open(spec);
  captions.apply(spec);
  time.runUntil(began + 100);
  expect(sent.map(({ at, message }) => [at - began, message])).toMatchObject([[30, { open: 0, wanted: 1, share: 0 }]]);
  void desk.finish(captions);
  time.runUntil(began + 1_000);
  expect(sent.map(({ at, message }) => [at - began, message]).slice(1)).toMatchObject([[280, { open: 0, wanted: 0 }]]);
});
