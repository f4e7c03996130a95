import type { SnapshotGuild } from '../../src/control/page-operations.ts';
import {
  actAs,
  attempt,
  disconnect,
  joinVoice,
  kick,
  moveTo,
  openDirect,
  placeOf,
  serverMute,
  useContextCommand,
} from '../actions.ts';
import { openMenu } from '../overlays/menu.ts';
import { handleOutcome } from '../overlays/modal.ts';
import { isBot, nameOf } from '../state/select.ts';
import { getState, type MenuItem } from '../state/store.ts';
import { clipMenu } from './clip-menu.ts';

/** What can be done with a member, as themselves or as a moderator. */
export function personMenu(event: MouseEvent, guild: SnapshotGuild, userId: string): void {
  const { world, meId } = getState();
  const bot = isBot(world, userId);
  const voice = guild.voiceStates.find((state) => state.userId === userId);
  const member = guild.members.find((each) => each.userId === userId);
  const mine = guild.voiceStates.find((state) => state.userId === meId);
  const items: (MenuItem | false | undefined)[] = [
    !bot && userId !== meId && { label: 'Act as this person', run: () => actAs(userId) },
    bot && { label: 'Message', run: () => openDirect(userId) },
    !bot && voice && { label: 'Speak a clip…', run: () => clipMenu(event, userId) },
    voice &&
      userId !== meId &&
      mine?.channelId !== voice.channelId && { label: 'Join them', run: () => joinVoice(voice.channelId) },
    voice && {
      label: member?.mute ? 'Undo server mute' : 'Server mute',
      checked: member?.mute ?? false,
      run: () => serverMute({ guildId: guild.id, userId, mute: !member?.mute }),
    },
    voice && {
      label: member?.deaf ? 'Undo server deafen' : 'Server deafen',
      checked: member?.deaf ?? false,
      run: () => serverMute({ guildId: guild.id, userId, deaf: !member?.deaf }),
    },
    ...(voice ? guild.channels : [])
      .filter(({ kind, id }) => kind === 'voice' && id !== voice?.channelId)
      .map(({ id, name }) => ({ label: `Move to ${name}`, run: () => moveTo(userId, id) })),
    voice && { label: 'Disconnect', danger: true, run: () => disconnect(guild.id, userId) },
    ...contextItems(guild.id, 2, userId),
    { label: 'Copy id', run: () => navigator.clipboard.writeText(userId) },
    userId !== guild.ownerId && { label: 'Kick', danger: true, run: () => kick(guild.id, userId) },
  ];
  openMenu(
    event,
    nameOf(world, userId, guild.id),
    items.filter((item) => item !== false && item !== undefined),
  );
}

/** Commands of the guild's bots for a user (2) or a message (3). */
export function contextItems(guildId: string | undefined, type: 2 | 3, targetId: string): MenuItem[] {
  const { world } = getState();
  const guild = world.guilds.find(({ id }) => id === guildId);
  const place = placeOf();
  if (!guild || !place) return [];
  const target = type === 2 ? { targetUserId: targetId } : { targetMessageId: targetId };
  const here = world.applications.filter(({ botUserId }) => guild.members.some(({ userId }) => userId === botUserId));
  return here.flatMap((application) =>
    application.commands
      .filter((command) => command.type === type && (command.guildId === null || command.guildId === guildId))
      .map(({ name }) => ({
        label: `${application.name}: ${name}`,
        run: async () => {
          const used = () => useContextCommand(application.id, name, target, { ...place, guildId: guild.id });
          handleOutcome(await attempt(used));
        },
      })),
  );
}
