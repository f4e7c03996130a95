import { MessageFlags, PermissionFlagsBits, RESTJSONErrorCodes } from 'discord-api-types/v10';
import type { MessageContent } from '../../world/messages.ts';
import type { Application, Channel, DirectChannel, Message } from '../../world/model.ts';
import type { World } from '../../world/world.ts';
import { needChannelPermission } from '../context.ts';
import { ApiError, formRefusal, unknownMessage } from '../errors.ts';

const { SendMessages, SendMessagesInThreads, EmbedLinks, AttachFiles, ManageThreads } = PermissionFlagsBits;

/** A channel that holds messages and in which the bot has all of these permissions. */
export function enter(
  world: World,
  application: Application,
  channelId: string,
  bits: bigint,
): Channel | DirectChannel {
  needChannelPermission(world, application, channelId, bits);
  return world.messageChannel(channelId);
}

/** A message of this channel that is not ephemeral. */
export function messageIn(world: World, channelId: string, id: string): Message {
  const message = world.messages.find(id);
  if (message?.channelId !== channelId || message.visibleTo !== undefined) throw unknownMessage();
  return message;
}

/** Everything that a message must be allowed for: the place, what it carries, and whether the recipient takes it. */
export function needToSend(world: World, application: Application, channelId: string, content: MessageContent): void {
  const channel = enter(world, application, channelId, 0n);
  if (channel.kind === 'dm') {
    needRecipient(world, channel);
    return;
  }
  let bits: bigint = channel.thread ? SendMessagesInThreads : SendMessages;
  if ((content.embeds?.length ?? 0) > 0) bits |= EmbedLinks;
  if ((content.attachments?.length ?? 0) > 0) bits |= AttachFiles;
  needChannelPermission(world, application, channelId, bits);
  if (channel.thread?.locked) needChannelPermission(world, application, channelId, ManageThreads);
}

/** 50007 when the person takes no messages of bots, or shares no guild with this one. */
function needRecipient(world: World, { botUserId, userId }: DirectChannel): void {
  const acquainted = world.guildsOf(userId).some((guild) => guild.members.has(botUserId));
  if (acquainted && !world.user(userId).refusesDirectMessages) return;
  throw new ApiError(403, RESTJSONErrorCodes.CannotSendMessagesToThisUser, 'Cannot send messages to this user');
}

const { SuppressEmbeds, SuppressNotifications, IsComponentsV2, IsVoiceMessage } = MessageFlags;
export const createFlags: number = SuppressEmbeds | SuppressNotifications | IsComponentsV2 | IsVoiceMessage;
export const editFlags: number = SuppressEmbeds | IsComponentsV2;

/** Refuses flags that cannot be set here. (Which error Discord gives is not documented.) */
export function checkFlags(flags: number | undefined, allowed: number): void {
  const wrong = (flags ?? 0) & ~allowed;
  if (wrong === 0) return;
  const message = `Flags ${wrong} cannot be set on this message; allowed: ${allowed}.`;
  throw formRefusal([[['flags'], { code: 'MESSAGE_FLAGS_INVALID', message }]]);
}
