/** What the Worker says of stored recordings. */
import { getToken } from './sign-in.ts';

export interface ListedRecording {
  sessionId: string;
  state: string;
  startedAt: number;
  endedAt: number | null;
  samples: number | null;
  channels: { channelId: string; name: string }[];
  people: { userId: string; name: string }[];
}

export interface RecordingObject {
  key: string;
  kind: string;
  userId: string | null;
  bytes: number;
}

export interface StoredRecording {
  sessionId: string;
  state: string;
  startedAt: number;
  endedAt: number | null;
  samples: number | null;
  loudness: number | null;
  truePeak: number | null;
  expiresAt: number | null;
  progress: { stage: string; percent: number } | null;
  channels: { channelId: string; name: string }[];
  people: { userId: string; name: string }[];
  /** `at`: ms from the beginning. */
  notes: { at: number; userId: string; text: string }[];
  objects: RecordingObject[];
}

async function ask<T>(path: string, init: RequestInit = {}): Promise<T> {
  const headers = { authorization: `Bearer ${await getToken()}`, 'content-type': 'application/json' };
  const response = await fetch(path, { ...init, headers });
  const body = (await response.json()) as T & { error?: { message?: string } };
  if (!response.ok) throw new Error(body.error?.message ?? `The server answered ${response.status}.`);
  return body;
}

const base = (guildId: string) => `/api/guilds/${encodeURIComponent(guildId)}/recordings`;

export async function fetchRecordings(guildId: string): Promise<ListedRecording[]> {
  return (await ask<{ recordings: ListedRecording[] }>(base(guildId))).recordings;
}

export async function fetchRecording(guildId: string, sessionId: string): Promise<StoredRecording> {
  const path = `${base(guildId)}/${encodeURIComponent(sessionId)}`;
  return (await ask<{ recording: StoredRecording }>(path)).recording;
}

/** An address that opens one object for fifteen minutes; that it was given is written down. */
export async function fetchLink(guildId: string, sessionId: string, key: string): Promise<string> {
  const path = `${base(guildId)}/${encodeURIComponent(sessionId)}/links`;
  const { links } = await ask<{ links: { url: string }[] }>(path, { method: 'POST', body: JSON.stringify({ key }) });
  const [link] = links;
  if (!link) throw new Error('There is no such object any more.');
  return link.url;
}

/** The page that the address asks for: `#/recordings/GUILD` or `#/recordings/GUILD/SESSION`. */
export function recordingsRoute(hash: string): { guildId: string; sessionId?: string } | null {
  const [, guildId, sessionId] = /^#\/recordings\/(\d{1,20})(?:\/([0-9A-Z]{26}))?$/.exec(hash) ?? [];
  if (guildId === undefined) return null;
  return sessionId === undefined ? { guildId } : { guildId, sessionId };
}

/** What went wrong, for people. */
export const sentenceOf = (error: unknown): string =>
  error instanceof Error ? error.message : 'The server cannot be reached.';
