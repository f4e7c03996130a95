/** How a server wants to be captioned. Pure. */
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';

/** BCP 47, or `multi`: several languages at once. */
export const captionLanguage = z.string().regex(/^[a-zA-Z-]{2,16}$/);
/** Names and jargon that are recognised better. The service takes so many, and of this length. */
export const MOST_KEYTERMS = 100;
export const KEYTERM_LENGTH = 64;

export const captionsSettingsSchema = z.strictObject({
  /** Captions begin with each session of a channel. */
  auto: z.boolean().default(false),
  /** Absent: the language that is set for the channel, else English. */
  language: captionLanguage.optional(),
  keyterms: z.array(z.string().min(1).max(KEYTERM_LENGTH)).max(MOST_KEYTERMS).default([]),
  /** Which fragments are transcribed once more afterwards: where live captions were broken, or all. */
  prerecorded: z.enum(['gaps', 'all']).default('gaps'),
  /** Text channel of the captions; absent: the voice channel's own chat. */
  text: snowflake.optional(),
  /** A thread of that text channel for each session. */
  thread: z.boolean().default(false),
  /** The other side of a call may have what is said here captioned. */
  partners: z.boolean().default(false),
});
export type CaptionsSettings = z.infer<typeof captionsSettingsSchema>;
/** A change: `null` takes a setting back to its default. */
export type CaptionsPatch = { [K in Exclude<keyof CaptionsSettings, 'keyterms'>]?: CaptionsSettings[K] | null };

export type CaptionsProblem = 'wrong_language' | 'thread_without_text' | 'keyterm_wrong' | 'keyterms_full';
type Changed = { ok: true; settings: CaptionsSettings } | { ok: false; code: CaptionsProblem };

/** The settings after a change; nothing of a wrong change is taken. */
export function changed(before: CaptionsSettings, patch: CaptionsPatch): Changed {
  const wanted = Object.entries({ ...before, ...patch }).filter(([, value]) => value !== null && value !== undefined);
  const parsed = captionsSettingsSchema.safeParse(Object.fromEntries(wanted));
  if (!parsed.success) return { ok: false, code: 'wrong_language' };
  const settings = parsed.data;
  if (settings.thread && settings.text === undefined) {
    // Discord has no threads in the chats of voice channels. Taking the text channel back takes the threads along.
    if (patch.text !== null || patch.thread === true) return { ok: false, code: 'thread_without_text' };
    return { ok: true, settings: { ...settings, thread: false } };
  }
  return { ok: true, settings };
}

const folded = (term: string) => term.toLocaleLowerCase();

/** Several are separated by commas. A term that is there already is no mistake. */
export function readKeyterms(text: string): string[] | null {
  const terms = text.split(',').map((term) => term.trim().replace(/\s+/g, ' '));
  const given = terms.filter((term) => term !== '');
  // Anything can be a name; but nothing that could end a line or a parameter.
  const fine = given.every((term) => term.length <= KEYTERM_LENGTH && /^[^\p{C}]+$/u.test(term));
  return fine && given.length > 0 ? given : null;
}

export function withKeyterms(before: CaptionsSettings, text: string): Changed {
  const given = readKeyterms(text);
  if (!given) return { ok: false, code: 'keyterm_wrong' };
  const known = new Map(before.keyterms.map((term) => [folded(term), term]));
  for (const term of given) known.set(folded(term), term);
  if (known.size > MOST_KEYTERMS) return { ok: false, code: 'keyterms_full' };
  return { ok: true, settings: { ...before, keyterms: [...known.values()] } };
}

/** Without some keyterms; those that are not there are no mistake. */
export function withoutKeyterms(before: CaptionsSettings, text: string): Changed {
  const given = new Set((readKeyterms(text) ?? []).map(folded));
  if (given.size === 0) return { ok: false, code: 'keyterm_wrong' };
  return { ok: true, settings: { ...before, keyterms: before.keyterms.filter((term) => !given.has(folded(term))) } };
}
