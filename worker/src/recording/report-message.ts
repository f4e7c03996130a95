/** The report of a recording as people of one server read it: in its channel, and by mail. Pure. */
import { ButtonStyle, ComponentType } from 'discord-api-types/v10';
import { isTextKey, type Language, type TextKey, text } from '../interactions/texts/texts.ts';
import { clip, length } from '../interactions/words.ts';
import { plain } from '../panel/render.ts';
import type { Master, Person, RecordingRecord, Side, StoredObject } from './record.ts';
import type { CoverageRow } from './store.ts';

/** Something that was noted while it was recorded. `at`: ms since the epoch. */
export interface Note {
  id: string;
  guildId: string;
  userId: string;
  at: number;
  text: string;
}

export interface ReportFacts {
  record: RecordingRecord;
  master: Master;
  side: Side;
  people: readonly Person[];
  fragments: readonly StoredObject[];
  coverage: readonly CoverageRow[];
  notes: readonly Note[];
  /** `null`: it is kept. */
  expiresAt: number | null;
}

/** Names in one line; more are counted. */
const MOST_NAMES = 20;
const MOST_NOTES = 5;
const PACKETS_PER_SECOND = 50;

export const linksButtonId = (sessionId: string): string => `recording:links:${sessionId}`;
/** The session of a "Links" button; `undefined` for other buttons. */
export const readLinksButton = (id: string): string | undefined => /^recording:links:([0-9A-Z]{26})$/.exec(id)?.[1];

/** `nameOf`: how a person is shown. */
function lines(language: Language, facts: ReportFacts, nameOf: (person: Person) => string): string[] {
  const { record, master, side, people, fragments, coverage, notes } = facts;
  const say = (key: TextKey, values: Record<string, string | number> = {}) => text(language, key, values);
  const own = people.filter(({ guildId }) => guildId === side.guildId);
  const others = people.length - own.length;
  const listed = (all: readonly string[]) =>
    [
      ...all.slice(0, MOST_NAMES),
      ...(all.length > MOST_NAMES ? [say('recording.report.more', { count: all.length - MOST_NAMES })] : []),
    ].join(', ');
  const told: string[] = [];
  const names = [...own.map(nameOf), ...(others > 0 ? [say('recording.report.others', { count: others })] : [])];
  if (names.length > 0) told.push(say('recording.report.people', { people: listed(names) }));
  told.push(
    master.loudness === null
      ? say('recording.report.silent')
      : say('recording.report.loudness', {
          loudness: master.loudness.toFixed(1),
          peak: master.truePeak === null ? '−∞' : master.truePeak.toFixed(1),
        }),
  );
  const lossy = own.filter(({ lostPackets }) => (lostPackets ?? 0) > 0);
  const loss = (person: Person) => `${nameOf(person)} ${lossOf(person)}`;
  if (lossy.length > 0) told.push(say('recording.report.loss', { tracks: listed(lossy.map(loss)) }));
  else if (own.some(({ lostPackets }) => lostPackets !== undefined)) told.push(say('recording.report.no_loss'));
  const holes = own.filter(({ missingSamples }) => (missingSamples ?? 0) > 0);
  const hole = (person: Person) => `${nameOf(person)} ${length((person.missingSamples ?? 0) / 48)}`;
  if (holes.length > 0) told.push(say('recording.report.missing', { tracks: listed(holes.map(hole)) }));
  if (master.outageSamples) told.push(say('recording.report.outage', { length: length(master.outageSamples / 48) }));
  const kinds = [...new Set(coverage.map(({ code }) => code))];
  const trouble = kinds.flatMap((code) => {
    const key = `recording.trouble.${code}`;
    return isTextKey(key) ? [`${say(key as TextKey)} (${coverage.filter((each) => each.code === code).length}×)`] : [];
  });
  if (trouble.length > 0) told.push(say('recording.report.coverage', { trouble: trouble.join(', ') }));
  const limited = fragments.flatMap(({ kind, guildId, userId, atLimit }) => {
    const person = own.find((each) => each.userId === userId);
    if (kind !== 'normalised' || guildId !== side.guildId || !atLimit || !person) return [];
    return [`${nameOf(person)} (${say(`recording.report.limit.${atLimit}`)})`];
  });
  if (limited.length > 0) told.push(say('recording.report.limit', { tracks: listed([...new Set(limited)]) }));
  const ownNotes = notes.filter(({ guildId }) => guildId === side.guildId);
  if (ownNotes.length > 0) {
    const zero = record.timeZero ?? record.startedAt;
    const shown = ownNotes
      .slice(0, MOST_NOTES)
      .map((note) => `- ${length(note.at - zero)} ${plain(note.text.slice(0, 150))}`);
    told.push(say('recording.report.notes'), ...shown);
  }
  if (master.early) told.push(say('recording.report.early'));
  else if (!master.complete) told.push(say('recording.report.incomplete'));
  return told;
}

/** Lost packets of those that were sent. */
function lossOf({ lostPackets = 0, spokenSamples }: Person): string {
  const spoken = Math.round(((spokenSamples ?? 0) / 48_000) * PACKETS_PER_SECOND);
  if (spoken === 0) return String(lostPackets);
  return `${((100 * lostPackets) / (spoken + lostPackets)).toFixed(1)} %`;
}

/** The message in the channel, with the button that hands out links. */
export function reportMessage(language: Language, facts: ReportFacts): { content: string; components: object[] } {
  const { record, master, side, expiresAt } = facts;
  const say = (key: TextKey, values: Record<string, string | number> = {}) => text(language, key, values);
  const session = record.sessionId;
  const head = say('recording.report', {
    ...{ channel: side.channelId, length: length(master.samples / 48) },
    from: Math.floor(side.startedAt / 1000),
  });
  const foot =
    expiresAt === null
      ? say('recording.report.kept', { session })
      : say('recording.report.expires', { session, at: Math.floor(expiresAt / 1000) });
  const body = lines(language, facts, ({ userId }) => `<@${userId}>`);
  const button = { type: ComponentType.Button, style: ButtonStyle.Primary, label: say('recording.report.button') };
  return {
    content: clip([head, ...body, foot], () => '…'),
    components: [{ type: ComponentType.ActionRow, components: [{ ...button, custom_id: linksButtonId(session) }] }],
  };
}

/** The mail: plain text with names instead of mentions. `page`: where links are, after sign-in. */
export function reportMail(
  language: Language,
  facts: ReportFacts,
  page: string | undefined,
): { subject: string; text: string } {
  const { record, master, side } = facts;
  const say = (key: TextKey, values: Record<string, string | number> = {}) => text(language, key, values);
  const channel = side.channelName || side.channelId;
  const date = new Date(side.startedAt).toISOString().slice(0, 16).replace('T', ' ');
  const subject = say('recording.mail.subject', { channel, date: `${date} UTC` }).replace(/[\r\n]+/g, ' ');
  const session = record.sessionId;
  return {
    subject: subject.slice(0, 200),
    text: [
      `${subject} · ${length(master.samples / 48)}`,
      '',
      ...lines(language, facts, ({ name, userId }) => name || userId),
      '',
      page ? say('recording.mail.page', { url: page }) : say('recording.mail.no_page', { session }),
    ].join('\n'),
  };
}
