import { useEffect, useState } from 'react';
import type { VoiceEvent } from '../protocol.ts';
import type { VoiceEventsClient } from '../voice-events-client.ts';
import { type CaptionLine, nextCaptions } from './captions.ts';

/** Live captions, oldest first: partials are replaced in place, the last `limit` lines are kept (50). */
export function useCaptions(
  client: VoiceEventsClient,
  { sessionId, limit = 50 }: { sessionId?: string | undefined; limit?: number | undefined } = {},
): readonly CaptionLine[] {
  const [lines, setLines] = useState<readonly CaptionLine[]>([]);
  useEffect(() => {
    const hear = ({ event, payload, id, at }: VoiceEvent<'caption.partial'> | VoiceEvent<'caption.final'>) => {
      if (sessionId !== undefined && payload.sessionId !== sessionId) return;
      setLines((before) => nextCaptions(before, { payload, id, at, final: event === 'caption.final' }, limit));
    };
    const ends = [client.on('caption.partial', hear), client.on('caption.final', hear)];
    return () => {
      for (const end of ends) end();
      setLines([]);
    };
  }, [client, sessionId, limit]);
  return lines;
}
