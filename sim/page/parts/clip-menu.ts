import { attempt, clips, speak } from '../actions.ts';
import { openMenuAt } from '../overlays/menu.ts';

/** Short recordings that a person can say instead of the developer. */
export async function clipMenu({ clientX, clientY }: MouseEvent, userId: string): Promise<void> {
  const known = await attempt(clips);
  if (!known) return;
  const items = known.map(({ name, text, voice }) => ({
    label: `${voice}: “${text}”`,
    run: () => speak(userId, name),
  }));
  openMenuAt(clientX, clientY, 'Say', items);
}
