/** What the page asks of the game's own backend (`server.ts`). */
import { VoiceEventsError } from '@patchbay/client';

export interface RoomSettings {
  patchbay: string;
  guildId: string;
  channelId: string;
  /** The Discord user id of who is signed in. */
  player: string | null;
}

export async function fetchRoom(): Promise<RoomSettings> {
  return (await fetch('/room')).json();
}

/** @returns why not, in words; `undefined` when signed in */
export async function signIn(player: string): Promise<string | undefined> {
  const answer = await fetch('/sign-in', { method: 'POST', body: JSON.stringify({ player }) });
  if (answer.ok) return undefined;
  return ((await answer.json()) as { message: string }).message;
}

/** A fresh token for Patchbay. Signed out means that there will be none: the client stops asking. */
export async function getToken(): Promise<string> {
  const answer = await fetch('/token', { method: 'POST' });
  if (answer.status === 401) throw new VoiceEventsError('signed_out', 'You are signed out. Load the page again.');
  if (!answer.ok) throw new Error(`the game answered ${answer.status}`);
  return ((await answer.json()) as { token: string }).token;
}
