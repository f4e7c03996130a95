import type { Presence, SessionView, VoiceEventsClient } from '@patchbay/client';
import { useCaptions } from '@patchbay/client/react';
import { useLayoutEffect, useRef } from 'react';
import { clock, speakerOf } from './caption-words.ts';

const stateWords: Record<string, string> = {
  on: 'captions on',
  delayed: 'captions delayed',
  broken: 'captions interrupted',
  off: 'captions off',
};

/** What is said in a session, live, and how its captioning stands; nothing where there is neither. */
export function CaptionsPanel(props: { client: VoiceEventsClient; session: SessionView; guild: Presence }) {
  const { client, session, guild } = props;
  const lines = useCaptions(client, { sessionId: session.sessionId, limit: 100 });
  const list = useRef<HTMLOListElement>(null);
  const newest = lines.at(-1);
  // Follows the newest words, unless somebody reads further up.
  const follows = useRef(true);
  useLayoutEffect(() => {
    if (list.current && newest && follows.current) list.current.scrollTop = list.current.scrollHeight;
  }, [newest]);
  const ended = session.state === 'ended';
  const states = (guild.captions?.states ?? []).filter(({ sessionId }) => sessionId === session.sessionId && !ended);
  if (lines.length === 0 && states.length === 0) return null;
  return (
    <section className="captions" aria-label="Captions">
      {states.map(({ channelId, state, message }) => (
        <p key={channelId} className={`caption-state is-${state}`} role="status">
          <strong>{stateWords[state] ?? state}</strong>
          {state !== 'on' && ` ${message}`}
        </p>
      ))}
      <ol
        ref={list}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          follows.current = scrollHeight - scrollTop - clientHeight < 24;
        }}
      >
        {lines.map((line) => (
          <li key={line.key} className={line.final ? 'caption' : 'caption partial'}>
            {line.startMs !== undefined && <time>{clock(line.startMs)}</time>}
            <strong>{speakerOf(line, guild)}</strong> <span>{line.text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
