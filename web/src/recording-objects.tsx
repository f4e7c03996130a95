import { useState } from 'react';
import { fetchLink, type StoredRecording, sentenceOf } from './recordings.ts';

type StoredObject = StoredRecording['objects'][number];

/** In the order in which people look for them. */
const kindWords: Record<string, string> = {
  master: 'Mix',
  normalised: 'Track',
  mp3: 'Track as MP3',
  raw: 'Track as received',
  transcript: 'Transcript',
};
const order = Object.keys(kindWords);

/** The objects of a recording: to listen to, or to download. */
export function RecordingObjects({ guildId, recording }: { guildId: string; recording: StoredRecording }) {
  const [problem, setProblem] = useState('');
  const [playing, setPlaying] = useState<{ key: string; url: string }>();
  const { sessionId, people, objects } = recording;
  const nameOf = ({ kind, key, userId }: StoredObject) => {
    const person = people.find((each) => each.userId === userId);
    const format = kind === 'transcript' ? ` (${key.slice(key.lastIndexOf('.') + 1)})` : '';
    return `${kindWords[kind] ?? kind}${userId === null ? '' : ` of ${person?.name || userId}`}${format}`;
  };
  /** Each link is asked for when it is wanted: it works for a while only, and it is written down who got it. */
  const withLink = (key: string, use: (url: string) => void) =>
    fetchLink(guildId, sessionId, key).then(
      (url) => {
        setProblem('');
        use(url);
      },
      (error: unknown) => setProblem(sentenceOf(error)),
    );
  if (objects.length === 0) return null;
  return (
    <>
      <ul className="objects">
        {objects
          .toSorted((left, right) => order.indexOf(left.kind) - order.indexOf(right.kind))
          .map((object) => (
            <li key={object.key}>
              <span>{nameOf(object)}</span>
              <span className="hint">{Math.max(1, Math.round(object.bytes / 1024))} kB</span>
              <span className="actions">
                {object.kind !== 'transcript' && (
                  <button
                    type="button"
                    className="link"
                    onClick={() => withLink(object.key, (url) => setPlaying({ key: object.key, url }))}
                  >
                    Listen
                  </button>
                )}
                <button
                  type="button"
                  className="link"
                  data-key={object.key}
                  onClick={() => withLink(object.key, (url) => location.assign(url))}
                >
                  Open
                </button>
              </span>
              {playing?.key === object.key && (
                // biome-ignore lint/a11y/useMediaCaption: what was said is in the transcript
                <audio src={playing.url} controls autoPlay aria-label={nameOf(object)} />
              )}
            </li>
          ))}
      </ul>
      <p className="hint">A link works for fifteen minutes; that you got it is written down.</p>
      {problem && <p role="alert">{problem}</p>}
    </>
  );
}
