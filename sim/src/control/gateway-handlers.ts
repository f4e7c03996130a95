import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { Operation } from './contract.ts';
import { ControlError } from './errors.ts';
import type { gatewayOperations } from './gateway-operations.ts';
import type { ControlParts, Handlers } from './handlers.ts';

type GatewayOperation = keyof typeof gatewayOperations & Operation;

export function gatewayHandlers({ world, gateway }: ControlParts): Pick<Handlers, GatewayOperation> {
  const bot = (userId: string) => world.applicationOfBot(userId).botUserId;
  const placeOf = (userId: string, guildId?: string) => {
    const state = world.voice.of(userId).find((entry) => guildId === undefined || entry.guildId === guildId);
    if (!state?.channelId) throw new ControlError('not_in_voice', `user ${userId} is in no voice channel`, 409);
    return { guildId: state.guildId, channelId: state.channelId };
  };
  return {
    requestReconnect: ({ botUserId }) => {
      gateway.requestReconnect(bot(botUserId));
      return {};
    },
    requestHeartbeat: ({ botUserId }) => {
      gateway.requestHeartbeat(bot(botUserId));
      return {};
    },
    invalidateSession: ({ botUserId, resumable }) => {
      gateway.invalidate(bot(botUserId), resumable);
      return {};
    },
    changeVoiceServer: ({ botUserId, guildId }) => {
      placeOf(bot(botUserId), guildId);
      gateway.changeVoiceServer(botUserId, guildId);
      return {};
    },
    cutGateway: ({ botUserId }) => {
      gateway.cut(bot(botUserId));
      return {};
    },
    closeGateway: ({ botUserId, code, reason }) => {
      if (code === 1004 || code === 1005 || code === 1006 || (code > 1014 && code < 3000))
        throw new ControlError('invalid_input', `no server can send close code ${code}; use cutGateway for 1006`);
      gateway.closeWith(bot(botUserId), code, reason);
      return {};
    },
    setGatewayFaults: ({ botUserId, ...change }) => {
      const faults = gateway.changeFaults(bot(botUserId), named(change));
      const { holdDispatches } = faults;
      return {
        ...faults,
        holdDispatches: holdDispatches === 'all' ? holdDispatches : [...holdDispatches],
        dropDispatches: [...faults.dropDispatches],
      };
    },
    withholdHello: ({ withheld }) => {
      gateway.withholdHello(withheld);
      return {};
    },
    setGatewayLimits: ({ applicationId, ...change }) =>
      gateway.limits.change(world.application(applicationId).id, named(change)),
    setGuildUnavailable: ({ guildId, unavailable }) => {
      gateway.setUnavailable(guildId, unavailable);
      return {};
    },
    setPresence: ({ userId, ...presence }) => {
      world.setPresence(userId, presence);
      return {};
    },
    renameUser: ({ userId, username }) => {
      world.updateUser(userId, { username });
      return {};
    },
    setVoiceFlags: ({ userId, ...flags }) => {
      if (world.user(userId).bot)
        throw new ControlError('not_a_person', `user ${userId} is a bot: it sets its flags by its own client`);
      world.voice.enter(placeOf(userId).channelId, userId, named(flags), 'self');
      return {};
    },
    serverMute: ({ guildId, userId, moderatorId, mute, deaf }) => {
      const { channelId } = placeOf(userId, guildId);
      const bits =
        (mute === undefined ? 0n : PermissionFlagsBits.MuteMembers) |
        (deaf === undefined ? 0n : PermissionFlagsBits.DeafenMembers);
      if (moderatorId !== undefined && (world.channelPermissionsOf(channelId, moderatorId) & bits) !== bits)
        throw new ControlError('missing_permissions', `user ${moderatorId} may not do that; use grant`);
      world.updateMember(guildId, userId, named({ mute, deaf }));
      world.voice.enter(channelId, userId, {}, 'other');
      return {};
    },
  };
}

/** Without the keys that are undefined: left out means unchanged. */
function named<Change extends object>(change: Change): { [Key in keyof Change]: Exclude<Change[Key], undefined> } {
  const entries = Object.entries(change).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Key in keyof Change]: Exclude<Change[Key], undefined> };
}
