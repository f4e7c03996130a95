import { type FormEvent, useEffect, useState } from 'react';
import { fetchRoom, type RoomSettings, signIn } from './backend.ts';
import { Room } from './room.tsx';

/** The door: who are you? Then the room, until it is left. */
export function App() {
  const [room, setRoom] = useState<RoomSettings>();
  const [player, setPlayer] = useState<string | null>(null);
  const [problem, setProblem] = useState<string>();
  const [left, setLeft] = useState(false);
  useEffect(() => {
    fetchRoom().then(
      (settings) => {
        setRoom(settings);
        setPlayer(settings.player);
      },
      () => setProblem('The game cannot be reached. Load the page again.'),
    );
  }, []);

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const claimed = String(new FormData(event.currentTarget).get('player')).trim();
    const why = await signIn(claimed);
    setProblem(why);
    if (why === undefined) setPlayer(claimed);
  };
  if (room && player !== null && !left) return <Room room={room} player={player} onLeave={() => setLeft(true)} />;
  return (
    <main className="door">
      <h1>Four in a Row</h1>
      {left && (
        <>
          <p>You left the room.</p>
          <button type="button" className="primary" onClick={() => setLeft(false)}>
            Come back
          </button>
        </>
      )}
      {!left && room && (
        <form onSubmit={submit}>
          <label htmlFor="player">Your Discord user id</label>
          <input id="player" name="player" inputMode="numeric" autoComplete="off" required />
          <button type="submit" className="primary">
            Sit down
          </button>
        </form>
      )}
      {problem !== undefined && <p role="alert">{problem}</p>}
    </main>
  );
}
