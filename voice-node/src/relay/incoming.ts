/** What Discord tells of messages, as the relay needs it: people's words alone. Pure. */
import {
  type APIMessage,
  GatewayDispatchEvents,
  type GatewayDispatchPayload,
  type GatewayMessageCreateDispatchData,
  MessageType,
} from 'discord-api-types/v10';

/** A message that a person wrote. Lives in memory only. */
export interface Written {
  messageId: string;
  channelId: string;
  authorId: string;
  /** As the server shows them. */
  name: string;
  content: string;
  /** Display names of the users that it mentions, by id. */
  mentioned: ReadonlyMap<string, string>;
  /** Attachments, stickers, polls, forwarded messages: what is no text. */
  files: number;
  /** When it was last changed, as Discord says it; embeds and pins change nothing here. */
  editedAt: string | null;
}

export type RelayEvent =
  | { kind: 'written'; message: Written }
  | { kind: 'edited'; message: Written }
  | { kind: 'deleted'; messageIds: readonly string[] };

const DISCORD_EPOCH = 1_420_070_400_000n;
/** When a message was written, or last changed. ms since the epoch */
export function instantOf({ messageId, editedAt }: Pick<Written, 'messageId' | 'editedAt'>): number {
  return editedAt === null ? Number((BigInt(messageId) >> 22n) + DISCORD_EPOCH) : Date.parse(editedAt);
}

type Told = Partial<APIMessage> & Pick<GatewayMessageCreateDispatchData, 'member'> & { id: string; channel_id: string };

/** `null`: of a bot or a webhook, of Discord itself, or without anything to show. */
function written(told: Told): Written | null {
  const { author, content, webhook_id, type, mentions = [] } = told;
  if (!author || author.bot || author.system || webhook_id !== undefined || content === undefined) return null;
  if (type !== undefined && type !== MessageType.Default && type !== MessageType.Reply) return null;
  const lists = [told.attachments, told.sticker_items, told.message_snapshots, told.poll ? [told.poll] : []];
  const files = lists.reduce((sum, list) => sum + (list?.length ?? 0), 0);
  if (content.trim() === '' && files === 0) return null;
  const shown = (user: (typeof mentions)[number]) => {
    const { member } = user as { member?: { nick?: string | null } };
    return member?.nick ?? user.global_name ?? user.username;
  };
  return {
    messageId: told.id,
    channelId: told.channel_id,
    authorId: author.id,
    name: told.member?.nick ?? author.global_name ?? author.username,
    content,
    mentioned: new Map(mentions.map((user) => [user.id, shown(user)])),
    files,
    editedAt: told.edited_timestamp ?? null,
  };
}

/** What a dispatch means for the relay; `null`: nothing. */
export function relayEventOf(payload: GatewayDispatchPayload): RelayEvent | null {
  switch (payload.t) {
    case GatewayDispatchEvents.MessageCreate:
    case GatewayDispatchEvents.MessageUpdate: {
      const message = payload.d.guild_id === undefined ? null : written(payload.d);
      if (!message) return null;
      return { kind: payload.t === GatewayDispatchEvents.MessageCreate ? 'written' : 'edited', message };
    }
    case GatewayDispatchEvents.MessageDelete:
      return { kind: 'deleted', messageIds: [payload.d.id] };
    case GatewayDispatchEvents.MessageDeleteBulk:
      return { kind: 'deleted', messageIds: payload.d.ids };
    default:
      return null;
  }
}
