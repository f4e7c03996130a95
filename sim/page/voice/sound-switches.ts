/** "Speak" and "Hear": one socket for the person that the page acts as, open while either is on. */
import { getState, setState } from '../state/store.ts';
import { SoundSocket } from './sound-socket.ts';

let current: { userId: string; socket: SoundSocket } | undefined;

export async function toggleListening(): Promise<void> {
  const { sound } = getState();
  const socket = await socketOf();
  await socket.listen(!sound.listening);
  set({ ...getState().sound, listening: !sound.listening });
}

export async function toggleMicrophone(): Promise<void> {
  const { sound } = getState();
  const socket = await socketOf();
  await socket.speak(!sound.microphone);
  set({ ...getState().sound, microphone: !sound.microphone });
}

async function socketOf(): Promise<SoundSocket> {
  const { meId } = getState();
  if (meId === undefined) throw new Error('choose whom to act as first');
  if (current?.userId === meId) return current.socket;
  stop();
  const socket = await SoundSocket.open(meId, stop);
  current = { userId: meId, socket };
  return socket;
}

/** Who acts as somebody else no longer hears and speaks as before. */
export function stopUnless(userId: string | undefined): void {
  if (current && current.userId !== userId) stop();
}

function stop(): void {
  const closing = current;
  current = undefined;
  closing?.socket.close();
  if (closing) setState({ sound: { listening: false, microphone: false } });
}

function set(sound: { listening: boolean; microphone: boolean }): void {
  setState({ sound });
  if (!sound.listening && !sound.microphone) stop();
}
