import type { ConnectionState } from '@patchbay/client';
import { useVoiceChannelEvents, VoiceDropoutModal } from '@patchbay/client/react';
import { useCallback, useState } from 'react';
import { getToken, type RoomSettings } from './backend.ts';
import { GameBoard } from './board.tsx';
import { type Toast, Toasts } from './toasts.tsx';
import { useRejoin } from './use-rejoin.ts';

/** Discord's own client hangs up and comes back within a second when its network changes: nobody needs to hear of that. */
const GRACE_MS = 1_000;

const connectionWords: Record<ConnectionState, string> = {
  connecting: 'connecting…',
  live: 'watching',
  waiting: 'connection lost, trying again…',
  offline: 'no network, waiting for it…',
  closed: 'not connected',
};

/** The game room: the board, and a page that knows when its player drops out of voice. */
export function Room({ room, player, onLeave }: { room: RoomSettings; player: string; onLeave: () => void }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const [withoutVoice, setWithoutVoice] = useState(false);
  const toast = useCallback((kind: Toast['kind'], text: string) => {
    setToasts((before) => [...before.slice(-1), { id: (before.at(-1)?.id ?? 0) + 1, kind, text }]);
  }, []);
  const gone = useCallback((id: number) => setToasts((before) => before.filter((each) => each.id !== id)), []);

  const voice = useVoiceChannelEvents({
    url: room.patchbay,
    guildId: room.guildId,
    channelId: room.channelId,
    userId: player,
    getToken,
    graceMs: GRACE_MS,
    onVoiceJoined: () => {
      rejoin.reset();
      setWithoutVoice(false);
      toast('good', 'You are in voice.');
    },
  });
  const rejoin = useRejoin(
    voice.rejoin,
    useCallback((message: string) => toast('bad', message), [toast]),
  );

  const inVoice = voice.channelId === room.channelId;
  return (
    <div className="room">
      <header>
        <h1>Four in a Row</h1>
        <span className={`watch ${voice.status}`}>
          Voice: {voice.error ? voice.error.message : connectionWords[voice.status]}
        </span>
        {voice.error && (
          <button type="button" onClick={() => voice.client.connect()}>
            Try again
          </button>
        )}
      </header>
      <main>
        <GameBoard />
        <aside>
          <h2>At the table</h2>
          <ul className="seats">
            <li>
              <span className="disc player" aria-hidden="true" />
              You
              <span className={`voice ${inVoice ? 'in' : 'out'}`}>{inVoice ? 'in voice' : 'not in voice'}</span>
            </li>
            <li>
              <span className="disc house" aria-hidden="true" />
              The house
            </li>
          </ul>
          {withoutVoice && (
            <button type="button" className="back" onClick={() => setWithoutVoice(false)}>
              Back into voice
            </button>
          )}
          <button type="button" onClick={onLeave}>
            Leave the room
          </button>
        </aside>
      </main>
      <VoiceDropoutModal
        open={voice.dropout !== undefined && !withoutVoice}
        cause={voice.dropout?.cause}
        channelName="the game's voice channel"
        loading={rejoin.loading}
        error={rejoin.error}
        links={rejoin.links}
        onRejoin={rejoin.start}
        onDismiss={() => setWithoutVoice(true)}
        onLeave={onLeave}
        texts={{ leave: 'Leave the room' }}
      />
      <Toasts toasts={toasts} onGone={gone} />
    </div>
  );
}
