import { useEffect, useState } from 'react';
import {
  fetchLink,
  fetchRecording,
  fetchRecordings,
  type ListedRecording,
  type StoredRecording,
} from './recordings.ts';

const stateWords: Record<string, string> = {
  running: 'being recorded',
  finalising: 'being mixed',
  ready: 'ready',
  incomplete: 'a part is still to come',
  failed: 'could not be mixed yet',
  empty: 'nobody spoke',
};
const kindWords: Record<string, string> = {
  master: 'Mix',
  normalised: 'Track',
  raw: 'Track as received',
  mp3: 'Track as MP3',
  transcript: 'Transcript',
};

function length(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const lasted = ({ samples, startedAt, endedAt }: Pick<ListedRecording, 'samples' | 'startedAt' | 'endedAt'>) =>
  length(samples === null ? (endedAt ?? Date.now()) - startedAt : samples / 48);

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : 'The server cannot be reached.');

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
      <p>
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
          {value.loudness.toFixed(1)} LUFS, {value.truePeak?.toFixed(1) ?? '−∞'} dBTP
        </p>
      )}
      <p className="hint">{value.people.map(({ name, userId }) => name || userId).join(', ')}</p>
      {value.notes.map(({ at, userId, text }) => (
        <p className="hint" key={`${at} ${userId} ${text}`}>
          {length(at)} {text}
        </p>
      ))}
      <Objects guildId={guildId} recording={value} />
      {value.expiresAt !== null && (
        <p className="hint">It is deleted on {new Date(value.expiresAt).toLocaleDateString()}.</p>
      )}
    </article>
  );
}

function Objects({ guildId, recording }: { guildId: string; recording: StoredRecording }) {
  const [problem, setProblem] = useState('');
  const nameOf = (userId: string | null) => {
    const person = recording.people.find((each) => each.userId === userId);
    return userId === null ? '' : ` of ${person?.name || userId}`;
  };
  const open = (key: string) =>
    fetchLink(guildId, recording.sessionId, key).then(
      (url) => location.assign(url),
      (error: unknown) => setProblem(sentenceOf(error)),
    );
  return (
    <>
      <ul className="stored">
        {recording.objects.map(({ key, kind, userId, bytes }) => (
          <li key={key}>
            <button type="button" className="button" data-key={key} onClick={() => open(key)}>
              {kindWords[kind] ?? kind}
              {nameOf(userId)}
            </button>{' '}
            <span className="hint">{Math.max(1, Math.round(bytes / 1024))} kB</span>
          </li>
        ))}
      </ul>
      {recording.objects.length > 0 && (
        <p className="hint">A link works for fifteen minutes; that you got it is written down.</p>
      )}
      {problem && <p role="alert">{problem}</p>}
    </>
  );
}
