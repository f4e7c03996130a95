import { useEffect, useState } from 'react';
import { type CaptionLine, CaptionList } from '../captions.ts';
import type { VoiceEventsClient } from '../voice-events-client.ts';

const none: readonly CaptionLine[] = [];

/** Live captions, oldest first, from what was said lately on: partials are replaced in place, the last `limit` lines are kept (50). */
export function useCaptions(
  client: VoiceEventsClient,
  { sessionId, limit = 50 }: { sessionId?: string | undefined; limit?: number | undefined } = {},
): readonly CaptionLine[] {
  const [lines, setLines] = useState(none);
  useEffect(() => {
    const list = new CaptionList({ sessionId, limit });
    const show = () => setLines(list.lines);
    const { presence } = client.view;
    if (presence) list.restart(presence, Date.now());
    show();
    const ends = [
      client.on('caption.partial', (event) => {
        list.take(event, false);
        show();
      }),
      client.on('caption.final', (event) => {
        list.take(event, true);
        show();
      }),
      client.on('presence.snapshot', ({ payload, at }) => {
        list.restart(payload, at);
        show();
      }),
    ];
    return () => {
      for (const end of ends) end();
      setLines(none);
    };
  }, [client, sessionId, limit]);
  return lines;
}
