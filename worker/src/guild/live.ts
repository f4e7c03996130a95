/** Live facts of calls on their way through a guild: nothing here is stored, numbered or owed. */
import { type Env, hubOf, panelOf } from '../env.ts';
import type { PanelProgress } from '../panel/state.ts';
import type { LegLive, LegSpeakers } from '../session/live.ts';
import type { GuildBook } from './book.ts';

/** Names of people of a channel, as this server shows them; none where the channel is set up as anonymous. */
export function speakers(book: GuildBook, channelId: string, userIds: readonly string[]): LegSpeakers {
  const names: Record<string, string> = {};
  for (const userId of userIds) {
    const member = book.store.member(userId);
    if (member?.channelId === channelId) names[userId] = member.displayName;
  }
  return { anonymous: book.settingsOf(channelId).anonymous, names };
}

/** How far a recording of these channels is, for their panels and for whoever watches. */
export async function showProgress(
  book: GuildBook,
  env: Env,
  sessionId: string,
  channelIds: readonly string[],
  { stage, percent }: PanelProgress,
): Promise<void> {
  const panels = channelIds.filter((channelId) => {
    return book.store.channel(channelId) !== undefined && book.settingsOf(channelId).panel !== null;
  });
  const payload = { guildId: book.id, sessionId, stage, percent };
  await Promise.all([
    ...panels.map((channelId) => panelOf(env, book.id, channelId).progress({ stage, percent })),
    hubOf(env, book.id).publishEphemeral({ event: 'recording.progress', payload }, [...channelIds]),
  ]);
}

/** Hands them to the panels of these channels, and to whoever watches. */
export async function showLive(
  book: GuildBook,
  env: Env,
  sessionId: string,
  legs: readonly LegLive[],
  counts: { late: number; concealed: number },
): Promise<void> {
  const own = legs.filter(({ channelId }) => book.store.channel(channelId)?.sessionId === sessionId);
  if (own.length === 0) return;
  const panels = own.filter(({ channelId }) => book.settingsOf(channelId).panel !== null);
  const shown = own.map(({ channelId, delayMs }) => ({ channelId, ...(delayMs === undefined ? {} : { delayMs }) }));
  await Promise.all([
    ...panels.map(({ channelId, ...live }) => panelOf(env, book.id, channelId).live({ sessionId, ...live })),
    hubOf(env, book.id).publishStats({ guildId: book.id, sessionId, legs: shown, ...counts }),
  ]);
}
