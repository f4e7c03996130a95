import { expect, test } from 'vitest';
import { captionsSettingsSchema, changed, withKeyterms, withoutKeyterms } from './settings.ts';

const none = captionsSettingsSchema.parse({});
const keyterms = (answer: ReturnType<typeof withKeyterms>) => (answer.ok ? answer.settings.keyterms : answer.code);

test('settings change one by one and go back to their defaults; a wrong one changes nothing', () => {
  const italian = changed(none, { language: 'it', auto: true });
  expect(italian).toMatchObject({ ok: true, settings: { language: 'it', auto: true, prerecorded: 'gaps' } });
  expect(italian.ok && changed(italian.settings, { language: null })).toEqual({
    ok: true,
    settings: { ...none, auto: true },
  });
  expect(changed(none, { language: 'no language' })).toEqual({ ok: false, code: 'wrong_language' });
});

test('threads need a text channel, and go with it', () => {
  expect(changed(none, { thread: true })).toEqual({ ok: false, code: 'thread_without_text' });
  const set = changed(none, { thread: true, text: '9' });
  expect(set).toMatchObject({ ok: true, settings: { thread: true, text: '9' } });
  expect(set.ok && changed(set.settings, { text: null })).toEqual({ ok: true, settings: none });
});

test('keyterms: several at once, each once, of 64 characters and 100 of them at most', () => {
  const two = withKeyterms(none, ' Patchbay,  São   Paulo ,');
  expect(keyterms(two)).toEqual(['Patchbay', 'São Paulo']);
  if (!two.ok) throw new Error('refused');
  expect(keyterms(withKeyterms(two.settings, 'PATCHBAY'))).toEqual(['PATCHBAY', 'São Paulo']);
  expect(keyterms(withoutKeyterms(two.settings, 'são paulo, nothing'))).toEqual(['Patchbay']);
  for (const wrong of ['', ' , ', 'x'.repeat(65), 'a\u0007b', 'a\u200bb']) {
    expect(keyterms(withKeyterms(none, wrong))).toBe('keyterm_wrong');
  }
  const many = Array.from({ length: 100 }, (_, index) => `t${index}`).join();
  const full = withKeyterms(none, many);
  if (!full.ok) throw new Error('refused');
  expect(keyterms(withKeyterms(full.settings, 'one more'))).toBe('keyterms_full');
});
