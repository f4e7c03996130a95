/** A transcript as text, subtitles and JSON. Pure. */
import type { Transcript, TranscriptPart } from './parts.ts';

export type TranscriptFormat = 'txt' | 'vtt' | 'srt' | 'json';
export const transcriptFormats: readonly TranscriptFormat[] = ['txt', 'vtt', 'srt', 'json'];

/** The shortest time that a subtitle is shown. ms */
const LEAST_SHOWN_MS = 500;

/** `01:02:03.456`, with any mark before the milliseconds. */
export function clock(ms: number, mark: '.' | ','): string {
  const whole = Math.max(0, Math.round(ms));
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const rest = String(whole % 1000).padStart(3, '0');
  return `${two(whole / 3_600_000)}:${two((whole / 60_000) % 60)}:${two((whole / 1000) % 60)}${mark}${rest}`;
}

export function render(transcript: Transcript, format: TranscriptFormat): string {
  return { txt: text, vtt, srt, json }[format](transcript);
}

const json = (transcript: Transcript): string => `${JSON.stringify(transcript, null, 1)}\n`;

function namesOf({ people }: Transcript): (part: { guildId: string; userId: string }) => string {
  const names = new Map(people.map(({ guildId, userId, name }) => [`${guildId}/${userId}`, name]));
  // A name must not break the line that it stands in.
  return ({ guildId, userId }) =>
    (names.get(`${guildId}/${userId}`) ?? userId).replaceAll(/\s+/g, ' ').trim() || userId;
}

const flat = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();

/** Runs of parts of one person become one paragraph. */
function paragraphs(parts: readonly TranscriptPart[]): TranscriptPart[][] {
  const runs: TranscriptPart[][] = [];
  for (const part of parts) {
    const last = runs.at(-1)?.at(-1);
    if (last?.userId === part.userId && last.guildId === part.guildId && last.source === part.source)
      runs.at(-1)?.push(part);
    else runs.push([part]);
  }
  return runs;
}

function text(transcript: Transcript): string {
  const { sessionId, timeZero, parts, missing } = transcript;
  const nameOf = namesOf(transcript);
  const later = parts.filter(({ source }) => source === 'prerecorded').length;
  const lines = [
    `Transcript of session ${sessionId}`,
    `Time zero: ${new Date(timeZero).toISOString()}`,
    `${parts.length - later} parts were heard live, ${later} were taken from the recording (marked with *).`,
    '',
  ];
  const told = paragraphs(parts).flatMap((run) => {
    const [first] = run;
    if (!first) return [];
    const mark = first.source === 'prerecorded' ? '*' : '';
    const words = run.map((part) => flat(part.text)).join(' ');
    return [
      { at: first.startMs, line: `[${clock(first.startMs, '.').slice(0, 8)}] ${nameOf(first)}${mark}: ${words}` },
    ];
  });
  const gaps = missing.map((gap) => ({
    at: gap.fromMs,
    line: `[${clock(gap.fromMs, '.').slice(0, 8)}] ${nameOf(gap)}: [words lost, ${((gap.toMs - gap.fromMs) / 1000).toFixed(1)} s]`,
  }));
  lines.push(...[...told, ...gaps].sort((left, right) => left.at - right.at).map(({ line }) => line));
  return `${lines.join('\n')}\n`;
}

const shownUntil = ({ startMs, endMs }: TranscriptPart): number => Math.max(endMs, startMs + LEAST_SHOWN_MS);

/** WebVTT: a name and a text may hold neither marks nor what looks like the end of a cue. */
function vtt(transcript: Transcript): string {
  const nameOf = namesOf(transcript);
  const harmless = (line: string): string =>
    flat(line).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const cues = transcript.parts.map(
    (part) =>
      `${clock(part.startMs, '.')} --> ${clock(shownUntil(part), '.')}\n<v ${harmless(nameOf(part))}>${harmless(part.text)}</v>\n`,
  );
  return `WEBVTT\n\nNOTE Session ${transcript.sessionId}\n\n${cues.join('\n')}`;
}

function srt(transcript: Transcript): string {
  const nameOf = namesOf(transcript);
  const cues = transcript.parts.map(
    (part, index) =>
      `${index + 1}\n${clock(part.startMs, ',')} --> ${clock(shownUntil(part), ',')}\n${nameOf(part)}: ${flat(part.text)}\n`,
  );
  return cues.join('\n');
}
