import { useEffect, useState } from 'react';
import { RecordingObjects } from './recording-objects.tsx';
import { fetchRecording, fetchRecordings, type ListedRecording, sentenceOf } from './recordings.ts';

const stateWords: Record<string, string> = {
  running: 'being recorded',
  finalising: 'being mixed',
  ready: 'ready',
  incomplete: 'a part is still to come',
  failed: 'could not be mixed yet',
  empty: 'nobody spoke',
};
function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const lasted = ({ samples, startedAt, endedAt }: Pick<ListedRecording, 'samples' | 'startedAt' | 'endedAt'>) =>
  length(samples === null ? (endedAt ?? Date.now()) - startedAt : samples / 48);

/** With the sign that typographers want; nothing is as quiet as silence. */
const decibel = (value: number | null) => (value === null ? '−∞' : value.toFixed(1).replace('-', '−'));

/** What is fetched, or why it cannot be had. */
function useFetched<T>(load: () => Promise<T>, key: string): { value?: T; problem?: string } {
  const [state, setState] = useState<{ key: string; value?: T; problem?: string }>({ key });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key names what is loaded
  useEffect(() => {
    load().then(
      (value) => setState({ key, value }),
      (error: unknown) => setState({ key, problem: sentenceOf(error) }),
    );
  }, [key]);
  return state.key === key ? state : {};
}

/** Recordings of a server, or one of them with its objects. */
export function RecordingsPage({ guildId, sessionId }: { guildId: string; sessionId?: string }) {
  return (
    <section className="guild" aria-label="Recordings">
      <p className="trail">
        <a href="#/">Servers</a>
        {sessionId && (
          <>
            {' · '}
            <a href={`#/recordings/${guildId}`}>Recordings</a>
          </>
        )}
      </p>
      {sessionId ? <OneRecording guildId={guildId} sessionId={sessionId} /> : <RecordingList guildId={guildId} />}
    </section>
  );
}

function RecordingList({ guildId }: { guildId: string }) {
  const { value, problem } = useFetched(() => fetchRecordings(guildId), guildId);
  if (problem) return <p role="alert">{problem}</p>;
  if (!value) return <p className="hint">Loading…</p>;
  if (value.length === 0) return <p className="hint">There are no recordings that you may have.</p>;
  return (
    <ul className="stored">
      {value.map((recording) => (
        <li key={recording.sessionId}>
          <a href={`#/recordings/${guildId}/${recording.sessionId}`}>
            {new Date(recording.startedAt).toLocaleString()} {recording.channels.map(({ name }) => name).join(', ')}
          </a>{' '}
          <span className="hint">
            {lasted(recording)}, {stateWords[recording.state] ?? recording.state}
          </span>
        </li>
      ))}
    </ul>
  );
}

function OneRecording({ guildId, sessionId }: { guildId: string; sessionId: string }) {
  const { value, problem } = useFetched(() => fetchRecording(guildId, sessionId), `${guildId}/${sessionId}`);
  if (problem) return <p role="alert">{problem}</p>;
  if (!value) return <p className="hint">Loading…</p>;
  return (
    <article data-recording={value.sessionId} data-state={value.state}>
      <h2>{value.channels.map(({ name }) => name).join(', ') || 'Recording'}</h2>
      <p>
        {new Date(value.startedAt).toLocaleString()}, {lasted(value)}, {stateWords[value.state] ?? value.state}
        {value.progress ? ` (${Math.floor(value.progress.percent)} %)` : ''}
      </p>
      {value.loudness !== null && (
        <p className="hint">
          {decibel(value.loudness)} LUFS, {decibel(value.truePeak)} dBTP
        </p>
      )}
      <p className="hint">{value.people.map(({ name, userId }) => name || userId).join(', ')}</p>
      {value.notes.map(({ at, userId, text }) => (
        <p className="hint" key={`${at} ${userId} ${text}`}>
          {length(at)} {text}
        </p>
      ))}
      <RecordingObjects guildId={guildId} recording={value} />
      {value.expiresAt !== null && (
        <p className="hint">It is deleted on {new Date(value.expiresAt).toLocaleDateString()}.</p>
      )}
    </article>
  );
}
