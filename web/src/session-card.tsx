import type { Presence, SessionView, VoiceEventsClient } from '@patchbay/client';
import { CaptionsPanel } from './captions-panel.tsx';

const reasons: Record<string, string> = {
  user_left: 'everybody left one side',
  empty: 'nobody was left',
  timeout: 'time limit',
  command: 'stopped by command',
  error: 'something failed',
  policy: 'stopped by the operator',
  node_lost: 'the voice node was lost',
  bot_moved: 'the bot was moved',
  bot_removed: 'the bot was removed',
  channel_deleted: 'the channel was deleted',
  no_identity: 'no free bot',
  notice_refused: 'no notice could be shown',
};

function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${Math.round(bytes / 1024)} kB`;
}

function delay(ms: number | undefined): string {
  if (ms === undefined) return '';
  return ms < 1 ? ', under 1 ms delay' : `, ${Math.round(ms)} ms delay`;
}

/** One call: its state, both sides, encryption, what is said in it, and what was stored of it. */
export function SessionCard(props: { client: VoiceEventsClient; session: SessionView; guild: Presence }) {
  const { client, session, guild } = props;
  const live = guild.live.get(session.sessionId);
  const nameOf = (userId: string) => guild.names.get(userId) ?? `user ${userId}`;
  return (
    <article className={`session ${session.state}`} data-session={session.sessionId} data-state={session.state}>
      <div className="session-head">
        <span className={`pill is-${session.state}`}>{session.state}</span>
        {session.recording && session.state !== 'ended' && <span className="pill is-recording">recording</span>}
        <time dateTime={new Date(session.startedAt).toISOString()}>
          {new Date(session.startedAt).toLocaleTimeString()}
        </time>
      </div>
      <ol className="legs">
        {session.legs.map((leg, index) => (
          // Other servers' legs carry no id on purpose; the order of a session's legs never changes.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={index}>
            <strong>{leg.guildName}</strong>
            {leg.own && <span className="hint"> (this server)</span>}
            <span className="hint">
              {leg.state}
              {leg.daveVersion ? ', end-to-end encrypted' : ''}
              {leg.role === 'monitor' ? ', listens in' : ''}
              {leg.held ? ', on hold' : ''}
              {leg.own ? delay(live?.legs.find(({ channelId }) => channelId === leg.channelId)?.delayMs) : ''}
            </span>
          </li>
        ))}
      </ol>
      {live && live.late + live.concealed > 0 && (
        <p className="hint">
          {live.concealed} lost frames concealed, {live.late} packets too late
        </p>
      )}
      <CaptionsPanel client={client} session={session} guild={guild} />
      {session.endReason && <p className="hint">Ended: {reasons[session.endReason] ?? session.endReason}.</p>}
      {session.stored.length > 0 && (
        <ul className="stored">
          {session.stored.map((object) => (
            <li key={object.key}>
              {nameOf(object.userId)}: <code>{object.key.split('/').at(-1)}</code> {size(object.bytes)}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
