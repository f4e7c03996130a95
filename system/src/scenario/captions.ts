/** What was captioned, in the browser and in Discord, against what was said: each word, under whose name, in which order, and when. */
import type { HubEvents } from '@patchbay/shared/hub-protocol';
import { loadClips } from '@patchbay/sim/clips';
import type { SimControl } from '@patchbay/sim/control-client';
import type { HubWatcher } from '../stack/hub.ts';
import type { Stack } from '../stack/stack.ts';

/** A part of what was said may be told so far from when it was said. ms */
export const CAPTION_LIMIT_MS = 150;

/** A clip that somebody said, and when. */
export interface Utterance {
  userId: string;
  /** Name of the clip. */
  label: string;
  /** ms since the epoch. */
  startedAt: number;
}

type Final = HubEvents['caption.final'];

export interface CaptionVerdict {
  words: number;
  /** Words that were told too much, too little, or under another name; empty when all is right. */
  wrong: string[];
  /** How far the start or end of a part is from the truth. ms */
  worstMs: number;
}

/** Captions begin with each call, and each side reads the other's. Returns what the bot answered. */
export async function captionAlways(
  { sim, application }: Pick<Stack, 'sim' | 'application'>,
  { guildId, ownerId, textChannelId }: { guildId: string; ownerId: string; textChannelId: string },
): Promise<string> {
  const options = ['auto', 'partners'].map((name) => ({ name, type: 5, value: true }));
  const answer = await sim.command({
    applicationId: application.applicationId,
    guildId,
    channelId: textChannelId,
    userId: ownerId,
    name: 'captions',
    options: [{ name: 'settings', type: 1, options }],
  });
  if (answer.outcome !== 'message') throw new Error(`/captions was not answered: ${JSON.stringify(answer)}`);
  return answer.message?.content ?? '';
}

/** Parts of a session that were said in the watcher's own server, as they came. */
export function finalsOf(watcher: HubWatcher, sessionId: string): Final[] {
  return watcher.events.flatMap(({ event, payload }) =>
    event === 'caption.final' && payload.sessionId === sessionId && payload.userId !== '0' ? [payload] : [],
  );
}

const wordsIn = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** Everything that each person said, in order; times in ms of the session. */
async function truthOf(said: readonly Utterance[], timeZero: number) {
  const clips = await loadClips();
  const truth = Map.groupBy(
    [...said].sort((left, right) => left.startedAt - right.startedAt),
    ({ userId }) => userId,
  );
  return new Map(
    [...truth].map(([userId, utterances]) => [
      userId,
      utterances.flatMap(({ label, startedAt }) =>
        (clips.get(label)?.words ?? []).map(({ word, start, end }) => ({
          word,
          startMs: startedAt - timeZero + start * 1000,
          endMs: startedAt - timeZero + end * 1000,
        })),
      ),
    ]),
  );
}

/** Judges the captions of a page. Each person's words must come in the order in which they were said. */
export async function judgeCaptions(
  finals: readonly Final[],
  said: readonly Utterance[],
  timeZero: number,
): Promise<CaptionVerdict> {
  const truth = await truthOf(said, timeZero);
  const verdict: CaptionVerdict = { words: 0, wrong: [], worstMs: 0 };
  for (const userId of new Set([...truth.keys(), ...finals.map((final) => final.userId)])) {
    const words = truth.get(userId) ?? [];
    const parts = finals.filter((final) => final.userId === userId);
    const expected = words.map(({ word }) => word).join(' ');
    const heard = parts.flatMap(({ text }) => wordsIn(text)).join(' ');
    verdict.words += words.length;
    if (heard !== expected) {
      verdict.wrong.push(`${userId} said “${expected}” and was told to have said “${heard}”`);
      continue;
    }
    let at = 0;
    for (const { text, startMs, endMs } of parts) {
      const first = words[at];
      at += wordsIn(text).length;
      const last = words[at - 1];
      const offMs = [startMs - (first?.startMs ?? startMs), endMs - (last?.endMs ?? endMs)].map(Math.abs);
      verdict.worstMs = Math.max(verdict.worstMs, ...offMs);
    }
  }
  return verdict;
}

/** What stands in a channel's captions, by the name that stands before it; without the first messages of the channel. */
async function writtenBy(sim: SimControl, channelId: string, skip: number): Promise<Map<string, string>> {
  const written = new Map<string, string>();
  for (const { content } of (await sim.messages(channelId)).slice(skip)) {
    for (const [, name = '', text = ''] of content.matchAll(/^\*\*(.+?)\*\*(?: \([^`]*\))? `[\d:]+` (.*)$/gm)) {
      const plain = text.replaceAll(/\\(.)/g, '$1');
      written.set(name, `${written.get(name) ?? ''} ${plain}`.trim());
    }
  }
  return written;
}

/** What people said, by their names, as `writtenBy` finds it. */
export async function saidBy(
  said: readonly Utterance[],
  nameOf: (userId: string) => string,
): Promise<Map<string, string>> {
  const truth = await truthOf(said, 0);
  return new Map([...truth].map(([userId, words]) => [nameOf(userId), words.map(({ word }) => word).join(' ')]));
}

/** The same in Discord: every name with its words, and no other name. Waits until it is so, or says what is wrong. */
export async function judgeWritten(
  sim: SimControl,
  channelId: string,
  expected: ReadonlyMap<string, string>,
  { skip = 0, timeoutMs = 10_000 }: { skip?: number; timeoutMs?: number } = {},
): Promise<string[]> {
  const sorted = (all: ReadonlyMap<string, string>) => JSON.stringify([...all].sort());
  const isRight = async () => sorted(await writtenBy(sim, channelId, skip)) === sorted(expected);
  try {
    await sim.until(isRight, { timeoutMs });
    return [];
  } catch {
    const written = await writtenBy(sim, channelId, skip);
    return [...new Set([...expected.keys(), ...written.keys()])].flatMap((name) =>
      written.get(name) === expected.get(name)
        ? []
        : [`${name} said “${expected.get(name)}”, and “${written.get(name)}” is written`],
    );
  }
}
