/** Whose words a result has: by what was sent, not by who has the slot now. Pure. */
import type { CaptionWord } from '@patchbay/shared/events';
import type { EngineResult } from '../engine.ts';
import { FRAME_MS } from '../speech/speech-frame.ts';
import type { Lease } from './lease.ts';
import { type SentMap, sessionMs } from './sent-map.ts';

/** A word that reaches so near to where a turn was cut off may be half a word. ms */
const CUT_WORD_MS = 100;

/** The words of a result by the lease under which they were sent, at the session's times. */
export function wordsByLease(sent: SentMap<Lease>, { words }: Pick<EngineResult, 'words'>): Map<Lease, CaptionWord[]> {
  const byLease = new Map<Lease, CaptionWord[]>();
  for (const { text, start, end } of words) {
    const run = sent.of(start * 1000, end * 1000);
    if (!run || end * 1000 > (run.owner.cutAt ?? Infinity) * FRAME_MS - CUT_WORD_MS) continue;
    const word = { text, startMs: sessionMs(run, start * 1000), endMs: sessionMs(run, end * 1000) };
    const own = byLease.get(run.owner);
    if (own) own.push(word);
    else byLease.set(run.owner, [word]);
  }
  return byLease;
}
