import { AuditLogEvent } from 'discord-api-types/v10';
import type { Clip } from '../clips/clip.ts';
import type { GatewayServer } from '../gateway/gateway-server.ts';
import type { Interactions } from '../interactions/interactions.ts';
import type { People } from '../members/people.ts';
import type { Overwrite } from '../world/model.ts';
import { parsePermissions } from '../world/permissions.ts';
import { snowflakeTime } from '../world/snowflake.ts';
import type { World } from '../world/world.ts';
import type { Operation, Output, Parsed } from './contract.ts';
import { ControlError } from './errors.ts';
import type { EventLog } from './event-log.ts';
import { gatewayHandlers } from './gateway-handlers.ts';
import { interactionHandlers } from './interaction-handlers.ts';
import { pageHandlers } from './page-handlers.ts';
import { type RestControlParts, restHandlers } from './rest-handlers.ts';
import { interactionOf, messageOf } from './shapes.ts';
import { type VoiceParts, voiceHandlers } from './voice-handlers.ts';

export interface ControlParts extends RestControlParts {
  world: World;
  gateway: GatewayServer;
  voice: VoiceParts;
  people: People;
  interactions: Interactions;
  clips: ReadonlyMap<string, Clip>;
  log: EventLog;
  shutdown: () => void;
}

export type Handlers = {
  [Name in Operation]: (input: Parsed<Name>) => Output<Name> | Promise<Output<Name>>;
};

/** How long a person may take to get into the encrypted group of their channel, in ms. */
const readyLimitMs = 20_000;

export function controlHandlers(parts: ControlParts): Handlers {
  const { world, voice, people, interactions, clips, log, rest } = parts;
  const person = (userId: string) => {
    if (world.user(userId).bot)
      throw new ControlError('not_a_person', `user ${userId} is a bot: it joins and leaves by its own client`);
    return userId;
  };
  const own = (userId: string, messageId: string) => {
    if (world.messages.get(messageId).authorId !== person(userId))
      throw new ControlError('not_the_author', `message ${messageId} is not of user ${userId}`);
    return messageId;
  };
  const channel = (kind: 'voice' | 'text', input: Parsed<'createVoiceChannel'>) => {
    const overwrites = input.overwrites.map(
      ({ id, type, allow, deny }): Overwrite => ({
        id,
        type,
        allow: parsePermissions(allow),
        deny: parsePermissions(deny),
      }),
    );
    const { guildId, name, parentId, userLimit, nsfw } = input;
    return { channelId: world.createChannel(guildId, kind, { name, parentId, userLimit, overwrites, nsfw }).id };
  };

  return {
    ...gatewayHandlers(parts),
    ...interactionHandlers(parts),
    ...pageHandlers(parts),
    createApplication: (input) => {
      const { id, botUserId, token, publicKey, clientSecret } = world.createApplication(input);
      return { applicationId: id, botUserId, token, publicKey, clientSecret };
    },
    setInteractionsUrl: ({ applicationId, interactionsUrl }) => {
      world.application(applicationId).interactionsUrl = interactionsUrl;
      return {};
    },
    createGuild: ({ name }) => {
      const { id, ownerId } = world.createGuild(name);
      return { guildId: id, ownerId };
    },
    addBot: ({ guildId, botUserId, permissions }) => {
      world.addBot(guildId, botUserId, permissions === undefined ? undefined : parsePermissions(permissions));
      return {};
    },
    createVoiceChannel: (input) => channel('voice', input),
    createTextChannel: (input) => channel('text', input),
    deleteChannel: ({ channelId }) => {
      world.deleteChannel(channelId);
      return {};
    },
    createMember: ({ guildId, name }) => {
      world.guild(guildId);
      const { id } = world.createUser(name);
      world.addMember(guildId, id);
      return { userId: id };
    },
    addMember: ({ guildId, userId }) => {
      world.addMember(guildId, person(userId));
      return {};
    },
    kick: ({ guildId, userId }) => {
      world.removeMember(guildId, userId);
      const { ownerId } = world.guild(guildId);
      world.auditLog.add({ guildId, action: AuditLogEvent.MemberKick, userId: ownerId, targetId: userId });
      return {};
    },
    grant: ({ guildId, userId, permissions }) => {
      world.grant(guildId, userId, parsePermissions(permissions));
      return {};
    },
    join: ({ userId, channelId }) => {
      world.voice.enter(channelId, person(userId), {}, 'self');
      return {};
    },
    leave: ({ userId }) => {
      const [state] = world.voice.of(person(userId));
      if (!state) throw new ControlError('not_in_voice', `user ${userId} is in no voice channel`, 409);
      world.voice.leave(state.guildId, userId, 'self');
      return {};
    },
    move: ({ userId, channelId }) => {
      const { guildId } = world.channel(channelId);
      if (!world.voice.get(guildId, userId))
        throw new ControlError('not_in_voice', `user ${userId} is in no voice channel of that guild; join first`, 409);
      world.voice.enter(channelId, userId, {}, 'other');
      world.auditLog.addVoiceMove(guildId, world.guild(guildId).ownerId, channelId);
      return {};
    },
    disconnect: ({ guildId, userId }) => {
      world.voice.leave(guildId, userId, 'other');
      world.auditLog.addVoiceMove(guildId, world.guild(guildId).ownerId, null);
      return {};
    },
    ready: async ({ userId }) => {
      await inTime(people.ready(userId), userId);
      return {};
    },
    clips: () => ({
      clips: [...clips.values()].map((clip) => ({ ...clip, packets: clip.packets.length })),
    }),
    speak: async ({ userId, ...what }) => {
      if ('packets' in what) return inTime(people.speak(userId, ownClip(what.packets)), userId);
      const clip = clips.get(what.clip);
      if (!clip)
        throw new ControlError(
          'unknown_clip',
          `there is no clip "${what.clip}"; known: ${[...clips.keys()].join(', ')}`,
          404,
        );
      return inTime(people.speak(userId, clip), userId);
    },
    waitUntilSilent: async ({ userId }) => {
      await people.waitUntilSilent(userId);
      return {};
    },
    heard: ({ userId }) => ({
      packets: people.heard(userId).map(({ sequence, timestamp, receivedAt, ssrc, fromUserId, opus }) => {
        return { sequence, timestamp, receivedAt, ssrc, fromUserId: fromUserId ?? null, opus: opus.toString('base64') };
      }),
      failures: people.failures(userId),
    }),
    spoken: ({ userId }) => ({
      packets: people.spoken(userId).map(({ sequence, timestamp, sentAt, opus }) => {
        return { sequence, timestamp, sentAt, opus: opus.toString('base64') };
      }),
    }),
    clearHeard: ({ userId }) => {
      people.clear(userId);
      return {};
    },
    say: ({ userId, channelId, content, files }) => {
      const channel = world.messageChannel(channelId);
      if (channel.kind !== 'dm') world.member(channel.guildId, person(userId));
      else if (channel.userId !== userId)
        throw new ControlError('not_a_person', `channel ${channelId} is private to user ${channel.userId} and a bot`);
      const attachments = files.map((filename, index) => ({
        id: String(index),
        filename,
        bytes: Buffer.from(filename),
      }));
      return messageOf(world.messages.create(channelId, userId, { content, attachments }));
    },
    editMessage: ({ userId, messageId, content }) =>
      messageOf(world.messages.edit(own(userId, messageId), { content })),
    deleteMessage: ({ userId, messageId }) => {
      world.messages.delete(own(userId, messageId));
      return {};
    },
    interaction: ({ interactionId }) => {
      const interaction = interactions.get(interactionId);
      if (!interaction || interaction.outcome === undefined)
        throw new ControlError(
          'unknown_interaction',
          `there is no finished interaction ${interactionId} (made at ${new Date(snowflakeTime(interactionId)).toISOString()})`,
          404,
        );
      return interactionOf(world, interaction);
    },
    messages: ({ channelId }) => {
      world.messageChannel(channelId);
      return { messages: world.messages.inChannel(channelId).map(messageOf) };
    },
    voiceStates: ({ guildId }) => ({
      voiceStates: [...world.guild(guildId).voiceStates.values()].map(({ userId, channelId, selfMute, selfDeaf }) => {
        return { guildId, userId, channelId, bot: world.user(userId).bot, selfMute, selfDeaf };
      }),
    }),
    nickname: ({ guildId, userId }) => ({ nickname: world.member(guildId, userId).nick }),
    counters: () => ({ counters: { ...voice.counters, ...rest.counters } }),
    ...voiceHandlers(parts),
    lastEventId: () => ({ id: log.lastId }),
    ...restHandlers(parts),
    shutdown: () => {
      parts.shutdown();
      return {};
    },
  };
}

function inTime<Value>(work: Promise<Value>, userId: string): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<Value>();
  const timer = setTimeout(() => {
    const message = `user ${userId} did not get into the encrypted group of their channel within ${readyLimitMs} ms`;
    reject(new ControlError('not_ready', message, 504));
  }, readyLimitMs);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

/** Sound that a test has made itself; nobody knows its words or its tone. */
function ownClip(packets: readonly string[]): Clip {
  return {
    name: 'own',
    voice: 'own',
    text: '',
    toneHz: 0,
    packets: packets.map((opus) => Buffer.from(opus, 'base64')),
  };
}
