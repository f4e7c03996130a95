/** How a line of captions reads. Pure. */
import type { CaptionLine, Presence } from '@patchbay/client';

/** `1:05`: time in the session. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** People of the other side have no id here, and perhaps no name. */
export function speakerOf(
  line: Pick<CaptionLine, 'userId' | 'name' | 'guildName'>,
  guild: Pick<Presence, 'names'>,
): string {
  const name = line.name ?? guild.names.get(line.userId) ?? (line.userId === '0' ? 'Somebody' : `user ${line.userId}`);
  return line.guildName ? `${name} (${line.guildName})` : name;
}
