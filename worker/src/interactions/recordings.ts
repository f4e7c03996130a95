/** Stored recordings in answers: who asks, which there are, and links to them. */
import { ulidSchema } from '@patchbay/shared/ids';
import { openDb } from '../db/db.ts';
import { type ListedRecording, newestRecordings, recordingsOf } from '../db/recordings.ts';
import { type Env, guildOf, recordingOf, settingsOf } from '../env.ts';
import { plain } from '../panel/render.ts';
import { type Asker, mayRead } from '../recording/access.ts';
import { LINK_SECONDS, type LinksAnswer } from '../recording/links.ts';
import type { Answer, Choice, CommandContext } from './command.ts';
import type { Link } from './links.ts';
import type { PressInteraction } from './schema.ts';
import { isTextKey, languageOf, type TextKey, text } from './texts/texts.ts';
import { clip, length, refusal } from './words.ts';

/** Roles that were asked for no longer ago than this are good enough. Milliseconds. */
const ROLES_FRESH_MS = 60_000;
const MANAGE = (1n << 3n) | (1n << 5n);
/** Sessions in one answer; notes of each of them, and characters of a note. */
const SHOWN = 10;
const NOTES_SHOWN = 2;
const NOTE_SHOWN = 60;

/** A person, with what Discord said of them in the server in which they ask. */
export interface Person {
  env: Env;
  userId: string;
  /** Empty: in direct messages. */
  guildId: string;
  permissions: bigint;
  roleIds?: readonly string[];
  say: (key: TextKey, values?: Record<string, string | number>) => string;
}

/** Somebody as a server knows them; what Discord told with the interaction counts for its own server alone. */
export async function askerIn(person: Person, guildId: string): Promise<Asker> {
  const { env, userId, roleIds, permissions } = person;
  const told =
    guildId === person.guildId
      ? { manages: (permissions & MANAGE) !== 0n, ...(roleIds ? { roles: [...roleIds] } : {}) }
      : undefined;
  return guildOf(env, guildId).asker(userId, ROLES_FRESH_MS, told);
}

/** The first server of a recording in which somebody may have it; `null`: none. */
async function askerFor(
  person: Person,
  recording: ListedRecording,
  known = new Map<string, Asker>(),
): Promise<Asker | null> {
  const people = new Set(recording.people.map(({ userId }) => userId));
  const guilds = [...new Set(recording.sides.map(({ guildId }) => guildId))];
  // The own server first: nobody has to be asked about it.
  guilds.sort((a, b) => Number(b === person.guildId) - Number(a === person.guildId));
  for (const guildId of guilds) {
    const asker = known.get(guildId) ?? (await askerIn(person, guildId));
    known.set(guildId, asker);
    if (mayRead(asker, recording.sides, people)) return asker;
  }
  return null;
}

/** A recording that a person may have, by its id; `null`: there is none. No object is made for an id that somebody made up. */
export async function findRecording(
  person: Person,
  sessionId: string,
): Promise<{ recording: ListedRecording; asker: Asker } | null> {
  if (!ulidSchema.safeParse(sessionId).success) return null;
  const [recording] = await recordingsOf(openDb(person.env, settingsOf(person.env)), [sessionId]);
  const asker = recording ? await askerFor(person, recording) : null;
  return recording && asker ? { recording, asker } : null;
}

/** What autocomplete offers: the newest recordings of the server that the person may have. */
export async function recordingChoices(context: CommandContext, typed: string): Promise<Choice[]> {
  const { env, guildId } = context;
  const rows = await newestRecordings(openDb(env, settingsOf(env)), { guildId }, 50);
  const asker = await askerIn(context, guildId);
  const may = rows.filter(({ sides, people }) => mayRead(asker, sides, new Set(people.map(({ userId }) => userId))));
  const named = may.map((row) => {
    const channel = row.sides.find((side) => side.guildId === guildId)?.channelName ?? '';
    const at = new Date(row.startedAt).toISOString().slice(0, 16).replace('T', ' ');
    return { name: `${at} ${channel}, ${length(lasted(row))}`, value: row.id };
  });
  return named.filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(typed));
}

const lasted = ({ startedAt, endedAt, samples }: ListedRecording): number =>
  samples === null ? (endedAt ?? Date.now()) - startedAt : samples / 48;

/** `/records` and `!records`: the recordings of a channel, or (`null`) those that the person was in. */
export async function recordsAnswer(person: Person, channelId: string | null): Promise<Answer> {
  const { env, userId, say } = person;
  const of = channelId === null ? { userId } : { channelId };
  const rows = await newestRecordings(openDb(env, settingsOf(env)), of, 50);
  const found: { recording: ListedRecording; asker: Asker }[] = [];
  const askers = new Map<string, Asker>();
  for (const recording of rows) {
    const asker = await askerFor(person, recording, askers);
    if (asker) found.push({ recording, asker });
  }
  if (found.length === 0) return say('records.none');
  const shown = found.slice(0, SHOWN);
  const links: Link[] = [];
  for (const { recording, asker } of shown) {
    if (recording.state !== 'ready' && recording.state !== 'incomplete') continue;
    const answer = await recordingOf(env, recording.id).links(asker, 'master');
    const at = new Date(recording.startedAt).toISOString().slice(0, 16).replace('T', ' ');
    if (answer.ok) links.push(...answer.links.map(({ url }) => ({ label: say('records.button', { at }), url })));
  }
  const content = clip(
    [
      channelId === null ? say('records.title.own') : say('records.title', { channel: channelId }),
      ...(links.length > 0 ? [say('records.links', { minutes: LINK_SECONDS / 60 })] : []),
      ...shown.map((each) => line(person, each)),
      ...(found.length > SHOWN ? [say('records.more', { count: found.length - SHOWN })] : []),
    ],
    (count) => say('records.more', { count }),
  );
  return { content, links };
}

/** People of another server stay unnamed. */
function line({ say }: Person, { recording, asker }: { recording: ListedRecording; asker: Asker }): string {
  const own = recording.people.filter(({ guildId }) => guildId === asker.guildId);
  const others = recording.people.length - own.length;
  const names = own.slice(0, 8).map(({ userId }) => `<@${userId}>`);
  const more = own.length - names.length;
  const people = [
    ...names,
    ...(more > 0 ? [say('recording.report.more', { count: more })] : []),
    ...(others > 0 ? [say('recording.report.others', { count: others })] : []),
  ];
  const key = `recording.state.${recording.state}`;
  const zero = recording.timeZero ?? recording.startedAt;
  const notes = recording.notes
    .filter(({ guildId }) => guildId === asker.guildId)
    .map(({ at, body }) => `\n  - ${length(at - zero)} ${plain(body.slice(0, NOTE_SHOWN))}`);
  const head = say('records.line', {
    ...{ at: Math.floor(recording.startedAt / 1000), length: length(lasted(recording)), session: recording.id },
    people: people.join(', ') || '–',
    state: isTextKey(key) ? say(key as TextKey) : recording.state,
  });
  return [head, ...notes.slice(0, NOTES_SHOWN)].join('');
}

/** Links, or why there are none. */
export function linksWords(say: Person['say'], sessionId: string, answer: LinksAnswer): Answer {
  if (!answer.ok) {
    if (answer.code !== 'making') return refusal(say(`recording.${answer.code}`), answer.code);
    const percent = answer.percent === undefined ? '' : ` (${Math.floor(answer.percent)} %)`;
    return say('recording.making', { percent });
  }
  const { links, samples } = answer;
  const values = { session: sessionId, length: length(samples / 48), minutes: LINK_SECONDS / 60 };
  return {
    content: say(links.length > 1 ? 'recording.links' : 'recording.link', values),
    links: links.map(({ label, url }) => ({ label: label || say('recording.mix'), url })),
  };
}

/** The button "Links" of a report: mix and tracks, for those who may have them. */
export async function pressLinks(
  env: Env,
  { guild_id: guildId = '', member, locale, guild_locale: guildLocale }: PressInteraction,
  sessionId: string,
): Promise<{ content: string; links?: readonly Link[] }> {
  const language = languageOf(locale, guildLocale);
  const say: Person['say'] = (key, values) => text(language, key, values);
  const asks: Person = {
    ...{ env, guildId, say, userId: member?.user.id ?? '', permissions: BigInt(member?.permissions ?? 0) },
    ...(member ? { roleIds: member.roles } : {}),
  };
  const found = await findRecording(asks, sessionId);
  if (!found) return { content: refusal(say('recording.unknown'), 'unknown') };
  const answer = linksWords(say, sessionId, await recordingOf(env, sessionId).links(found.asker, 'all'));
  return typeof answer === 'string' ? { content: answer } : answer;
}
