/** What was seen of a call, as rows: for the table on the screen, the exit code, and the JSON file. */
import { CAPTION_LIMIT_MS } from './captions.ts';
import type { FirstCall } from './first-call.ts';

export interface Row {
  what: string;
  seen: string;
  ok: boolean;
}

const decibels = (value: number) => (value < -99 ? 'not at all' : `${value.toFixed(1)} dB`);

/** One row for each promise of the first call. */
export function rowsOf(call: FirstCall): Row[] {
  const verdicts = call.listeners.flatMap(({ verdicts: list }) => list);
  const delays = verdicts.flatMap(({ delayMs }) => delayMs ?? []);
  const expected = new Set(call.spoken.map(({ userId }) => userId)).size;
  const utterances = call.tracks.flatMap((track) => track.utterances);
  const placed = utterances.map(({ offMs }) => Math.abs(offMs));
  return [
    {
      what: 'Two servers were paired and connected',
      seen: `${call.session.legs.length} legs, session ${call.session.sessionId}`,
      ok: call.session.legs.length === 2,
    },
    {
      what: 'End-to-end encrypted on both legs',
      seen: `DAVE ${call.daveVersions.join(' and ')}, ${call.plaintextFrames} frames in the clear`,
      ok:
        call.daveVersions.length === 2 &&
        call.daveVersions.every((version) => version === 1) &&
        call.plaintextFrames === 0,
    },
    ...call.listeners.map(({ name, verdicts: list }): Row => {
      const routed = list.filter((verdict) => verdict.routed);
      const worst = Math.max(...routed.map((verdict) => Math.abs(verdict.decibels)));
      const own = Math.max(...list.filter((verdict) => !verdict.routed).map((verdict) => verdict.decibels));
      const failed = list.filter((verdict) => !verdict.ok).map(({ label }) => label);
      return {
        what: `${name} heard the other side, and not the own`,
        seen:
          `${routed.length} utterances within ${worst.toFixed(2)} dB; own side ${decibels(own)}` +
          (failed.length > 0 ? `; wrong: ${failed.join(', ')}` : ''),
        ok: routed.length > 0 && failed.length === 0,
      };
    }),
    {
      what: 'From mouth to ear',
      seen: `${Math.min(...delays).toFixed(1)} to ${Math.max(...delays).toFixed(1)} ms`,
      ok: delays.length > 0,
    },
    {
      what: 'One recording for each participant',
      seen: `${call.tracks.length} files, ${call.tracks.map(({ seconds }) => seconds.toFixed(1)).join(', ')} s`,
      ok: call.tracks.length === expected,
    },
    {
      what: 'Every utterance in its place',
      seen: `${utterances.length} utterances, at most ${Math.max(...placed).toFixed(1)} ms off`,
      ok: utterances.length === call.spoken.length && utterances.every(({ ok }) => ok),
    },
    ...captionRows(call),
    {
      what: 'The call ended when one side was empty',
      seen: `reason ${call.session.endReason}`,
      ok: call.session.state === 'ended' && call.session.endReason === 'user_left',
    },
  ];
}

function captionRows({ captions }: FirstCall): Row[] {
  if (!captions) return [];
  const { words, worstMs, wrong, wrongInDiscord } = captions;
  return [
    {
      what: 'Captions: every word under the right name',
      seen: wrong.length > 0 ? wrong.join('; ') : `${words} words on the page, at most ${worstMs.toFixed(0)} ms off`,
      ok: words > 0 && wrong.length === 0 && worstMs <= CAPTION_LIMIT_MS,
    },
    {
      what: 'The same in the chats of both channels',
      seen: wrongInDiscord.length > 0 ? wrongInDiscord.join('; ') : `${words} words in each`,
      ok: wrongInDiscord.length === 0,
    },
  ];
}

/** The rows as a table of text. */
export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  return rows.map(({ what, seen, ok }) => `  ${ok ? 'ok    ' : 'FAILED'}  ${what.padEnd(width)}  ${seen}`).join('\n');
}
