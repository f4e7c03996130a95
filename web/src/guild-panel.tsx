import type { ChannelState, Presence, VoiceEventsClient } from '@patchbay/client';
import { SessionCard } from './session-card.tsx';
import { useGuild } from './use-guild.ts';

const connectionWords = {
  connecting: 'connecting…',
  live: 'live',
  waiting: 'connection lost, trying again…',
  offline: 'no network, waiting for it…',
  closed: 'not connected',
} as const;

function channelWords(state: ChannelState): string {
  if (state.kind === 'waiting') return 'waiting for a partner';
  if (state.kind === 'session') return 'in a call';
  return 'idle';
}

/** One server: its voice channels with the people in them, and its calls. */
export function GuildPanel({ guildId, name }: { guildId: string; name: string }) {
  const { client, guild, connection, problem } = useGuild(guildId);
  return (
    <section className="guild" aria-label={name}>
      <div className="guild-head">
        <h2>{guild?.guildName ?? name}</h2>
        <span className={`connection ${connection}`} role="status">
          {problem ?? connectionWords[connection]}
        </span>
      </div>
      <p>
        <a href={`#/recordings/${guildId}`}>Recordings</a>
      </p>
      {guild ? <GuildBody client={client} guild={guild} /> : <p className="hint">Waiting for the first picture…</p>}
    </section>
  );
}

function GuildBody({ client, guild }: { client: VoiceEventsClient; guild: Presence }) {
  return (
    <>
      {guild.channels.map((channel) => (
        <Channel key={channel.channelId} channel={channel} guild={guild} />
      ))}
      <h3>Calls</h3>
      {guild.sessions.length === 0 && (
        <p className="hint">None yet. A call starts when people join a configured channel.</p>
      )}
      {guild.sessions.slice(0, 4).map((session) => (
        <SessionCard key={session.sessionId} client={client} session={session} guild={guild} />
      ))}
    </>
  );
}

function Channel({ channel, guild }: { channel: Presence['channels'][number]; guild: Presence }) {
  const members = guild.members.filter(({ channelId }) => channelId === channel.channelId);
  members.sort(
    (left, right) => Number(left.bot) - Number(right.bot) || left.displayName.localeCompare(right.displayName),
  );
  return (
    <div className="channel">
      <div className="channel-head">
        <span className="channel-name">{channel.name}</span>
        {channel.configured && <span className={`pill is-${channel.state.kind}`}>{channelWords(channel.state)}</span>}
      </div>
      <ul>
        {members.map((member) => (
          <li key={member.userId} className={guild.speaking.has(member.userId) ? 'member speaking' : 'member'}>
            <span className="face" aria-hidden="true">
              {member.displayName.slice(0, 1).toUpperCase()}
            </span>
            <span>{member.displayName}</span>
            {member.bot && <span className="bot">bot</span>}
            {guild.speaking.has(member.userId) && <span className="says">speaking</span>}
          </li>
        ))}
        {members.length === 0 && <li className="hint">nobody here</li>}
      </ul>
    </div>
  );
}
