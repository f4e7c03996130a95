/** What an identity says of itself in Discord: its nickname, and messages into the chats of its channels. */
import { PatchbayError } from '@patchbay/shared/errors';
import { type APIMessage, Routes } from 'discord-api-types/v10';
import type { Gateway } from './gateway.ts';
import type { Identity } from './identity.ts';

const REST_TIMEOUT_MS = 5_000;

/** Where an identity writes. */
export interface Place {
  channelId: string;
  identityId: string;
}

export class OwnWords {
  readonly #gateway: () => Pick<Gateway, 'identities'>;

  constructor(gateway: () => Pick<Gateway, 'identities'>) {
    this.#gateway = gateway;
  }

  /** Its nickname in the guild (null = none) and its account's name. */
  names(guildId: string, identityId: string): { nick: string | null; userName: string } {
    const identity = this.#gateway().identities.get(identityId);
    return { nick: identity?.guilds.get(guildId)?.ownNick ?? null, userName: identity?.userName ?? 'Patchbay' };
  }

  /** Rejects where Discord refuses. */
  async setNick(guildId: string, identityId: string, nick: string | null): Promise<void> {
    const identity = this.#identity(identityId);
    await identity.rest.patch(Routes.guildMember(guildId), { body: { nick }, signal: timeLimit() });
    const picture = identity.guilds.get(guildId);
    if (picture) picture.ownNick = nick;
  }

  /** Answers the message's id; nobody is pinged. Rejects where Discord refuses. */
  async post({ channelId, identityId }: Place, text: string): Promise<string> {
    const { rest } = this.#identity(identityId);
    const message = (await rest.post(Routes.channelMessages(channelId), content(text))) as APIMessage;
    return message.id;
  }

  /** Changes a message of its own. Rejects where Discord refuses. */
  async edit({ channelId, identityId }: Place, messageId: string, text: string): Promise<void> {
    await this.#identity(identityId).rest.patch(Routes.channelMessage(channelId, messageId), content(text));
  }

  #identity(identityId: string): Identity {
    const identity = this.#gateway().identities.get(identityId);
    if (!identity) throw new PatchbayError('no_identity', `Identity ${identityId} is not of this voice node.`);
    return identity;
  }
}

const timeLimit = (): AbortSignal => AbortSignal.timeout(REST_TIMEOUT_MS);
const content = (text: string) => ({ body: { content: text, allowed_mentions: { parse: [] } }, signal: timeLimit() });
