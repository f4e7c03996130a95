/** What is remembered of a recording from one chunk to the next: one JSON file per segment, beside the journal. */
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { snowflake } from '@patchbay/shared/ids';
import { z } from 'zod';
import type { JournalNote } from '../journal/note.ts';
import { type TrackState, trackStateCodec } from '../timeline/track-state.ts';

/** Half-open stretches of time in ms since the epoch; `null`: still open. */
const stretch = z.tuple([z.number(), z.number().nullable()]);
export type Stretch = z.infer<typeof stretch>;

const runStateCodec = z.strictObject({
  v: z.literal(1),
  guilds: z.record(snowflake, snowflake),
  recorded: z.array(snowflake).default([]),
  tracks: z.record(snowflake, trackStateCodec),
  stays: z.record(snowflake, z.array(stretch)),
  optedOut: z.record(snowflake, z.array(stretch)),
  outages: z.array(z.tuple([z.number(), z.number()])),
});

export interface RunState {
  /** Guild of each participant. */
  guilds: Map<string, string>;
  /** Guilds with a leg that is recorded. */
  recorded: Set<string>;
  tracks: Map<string, TrackState>;
  stays: Map<string, Stretch[]>;
  optedOut: Map<string, Stretch[]>;
  outages: [number, number][];
}

export const newRun = (): RunState => ({
  guilds: new Map(),
  recorded: new Set(),
  tracks: new Map(),
  stays: new Map(),
  optedOut: new Map(),
  outages: [],
});

const pathOf = (directory: string, segment: number): string =>
  join(directory, `${String(segment).padStart(6, '0')}.state.json`);

/** The state with which a segment begins; the first one begins with nothing. */
export async function readRunState(directory: string, segment: number): Promise<RunState> {
  let text: string;
  try {
    text = await readFile(pathOf(directory, segment), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return newRun();
    throw error;
  }
  const read = z.decode(runStateCodec, JSON.parse(text));
  return {
    guilds: new Map(Object.entries(read.guilds)),
    recorded: new Set(read.recorded),
    tracks: new Map(Object.entries(read.tracks).map(([userId, track]) => [userId, { open: undefined, ...track }])),
    stays: new Map(Object.entries(read.stays)),
    optedOut: new Map(Object.entries(read.optedOut)),
    outages: read.outages,
  };
}

/** Writes the state with which a segment begins; a killed process leaves the old file or the new one. */
export async function writeRunState(directory: string, segment: number, state: RunState): Promise<void> {
  const body = z.encode(runStateCodec, {
    v: 1,
    guilds: Object.fromEntries(state.guilds),
    recorded: [...state.recorded],
    tracks: Object.fromEntries(
      [...state.tracks].map(([userId, { open, ...track }]) => [userId, { ...track, ...(open ? { open } : {}) }]),
    ),
    stays: Object.fromEntries(state.stays),
    optedOut: Object.fromEntries(state.optedOut),
    outages: state.outages,
  });
  const path = pathOf(directory, segment);
  await writeFile(`${path}.tmp`, JSON.stringify(body), { flush: true });
  await rename(`${path}.tmp`, path);
}

/** Whose recording a folder holds: guilds with a leg in it, or a participant, as the newest state knows. */
export async function guildsOf(directory: string): Promise<string[]> {
  const states = (await readdir(directory)).filter((name) => /^\d{6}\.state\.json$/.test(name)).sort();
  const { guilds, recorded } = await readRunState(directory, Number(states.at(-1)?.slice(0, 6) ?? 0));
  return [...new Set([...recorded, ...guilds.values()])];
}

/** Takes note of what happened. Notes come in order of time. */
export function takeNote(state: RunState, note: JournalNote): void {
  if (note.type === 'participant') state.guilds.set(note.userId, note.guildId);
  else if (note.type === 'guild') state.recorded.add(note.guildId);
  else if (note.type === 'outage') state.outages.push([note.at, note.until]);
  else if (note.type === 'stay') turn(state.stays, note.userId, note.present, note.at);
  else turn(state.optedOut, note.userId, note.out, note.at);
}

function turn(stretches: Map<string, Stretch[]>, userId: string, on: boolean, at: number): void {
  const list = stretches.get(userId) ?? [];
  const last = list.at(-1);
  const isOn = last !== undefined && last[1] === null;
  if (on === isOn) return;
  if (on) list.push([at, null]);
  else if (last) last[1] = at;
  stretches.set(userId, list);
}

/** Is an instant inside one of the stretches? */
export function isWithin(stretches: readonly Stretch[] | undefined, at: number): boolean {
  return stretches?.some(([from, to]) => at >= from && (to === null || at < to)) ?? false;
}

/** When somebody who opted out at an instant opted in again, in ms since the epoch; null: they did not. */
export function endOfOptOut({ optedOut }: Pick<RunState, 'optedOut'>, userId: string, at: number): number | null {
  return optedOut.get(userId)?.find(([, to]) => to === null || to > at)?.[1] ?? null;
}

/** The stretches that touch a span of time, in ms since the epoch. */
export function touching<S extends Stretch>(stretches: readonly S[] | undefined, from: number, to: number): S[] {
  return stretches?.filter((one) => one[0] < to && (one[1] === null || one[1] > from)) ?? [];
}
