/** All hooks on one page, in strict mode; the hub's address comes in the query. */
import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useCaptions, useSession, useVoiceChannelEvents } from '../../src/react/index.ts';

const query = new URLSearchParams(location.search);
const calls: string[] = [];

function Follow({ userId }: { userId: string }) {
  const [cookie, setCookie] = useState('');
  const voice = useVoiceChannelEvents({
    url: query.get('hub') ?? '',
    guildId: query.get('guild') ?? '',
    userId,
    // A new function at each rendering: no reason to connect anew.
    getToken: async () => `token-of-${userId}${cookie}`,
    onVoiceLeft: ({ cause }) => calls.push(`left:${cause.kind}`),
    onVoiceJoined: ({ channelId }) => calls.push(`joined:${channelId}`),
  });
  const captions = useCaptions(voice.client, { limit: 2 });
  const { session, secondsLeft } = useSession(voice.client);
  const { status, channelId, lastCause, dropout, error } = voice;
  return (
    <dl>
      <button type="button" onClick={() => setCookie('-signed-in-again')}>
        Sign in again
      </button>
      <dd id="status">{status}</dd>
      <dd id="channel">{String(channelId)}</dd>
      <dd id="cause">{String(lastCause?.kind)}</dd>
      <dd id="dropout">{String(dropout?.cause.kind)}</dd>
      <dd id="error">{String(error?.code)}</dd>
      <dd id="calls">{calls.join(' ')}</dd>
      <dd id="captions">{captions.map(({ text, final }) => `${text}${final ? '.' : '…'}`).join(' ')}</dd>
      <dd id="session">{session ? `${session.sessionId} ${session.state} ${secondsLeft}` : 'none'}</dd>
    </dl>
  );
}

function Page() {
  const [userId, setUserId] = useState<string | undefined>('1');
  return (
    <>
      {userId !== undefined && <Follow userId={userId} />}
      <button type="button" onClick={() => setUserId('2')}>
        Other
      </button>
      <button type="button" onClick={() => setUserId(undefined)}>
        None
      </button>
    </>
  );
}

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
