/**
 * Direct messages to the bot: those that begin with `!records` are passed on to the control plane, and its answer is the reply. What
 * people write to a bot in private comes without the intent Message Content.
 */
import { type DirectAnswer, directAnswerSchema, RECORDS_PREFIX } from '@patchbay/shared/direct-messages';
import { sign } from '@patchbay/shared/signing';
import { ButtonStyle, ComponentType } from 'discord-api-types/v10';
import type { Logger } from '../ops/logger.ts';

const PATH = '/api/internal/direct-messages';
const ANSWER_MS = 8_000;
const TRY_LATER = 'I cannot look that up now. Try again in a moment.';
const BUTTONS_PER_ROW = 5;
/** So many messages of one person are answered within the window; the rest is left unread. */
export const MOST_MESSAGES = 5;
export const WINDOW_MS = 30_000;

export interface DirectMessage {
  channelId: string;
  messageId: string;
  userId: string;
  bot: boolean;
  content: string;
}

export interface DirectMessagesOptions {
  hubUrl: string;
  hubSecret: string;
  nodeId: string;
  logger: Logger;
  now?: () => number;
}

/** Posts the reply, as the identity that was written to. */
export type PostReply = (body: { content: string; components: object[] }) => Promise<void>;

/** Whom this is for: a person, and words that the bot understands. */
export const isForUs = ({ bot, content }: DirectMessage): boolean =>
  !bot && (content === RECORDS_PREFIX || /^!records\s/.test(content));

export class DirectMessages {
  readonly #options: DirectMessagesOptions;
  /** When each person was answered lately. */
  readonly #answered = new Map<string, number[]>();

  constructor(options: DirectMessagesOptions) {
    this.#options = options;
  }

  /** Answers a message, if it is one for us. Never throws. */
  async take(message: DirectMessage, post: PostReply): Promise<void> {
    if (!isForUs(message) || !this.#mayAsk(message.userId)) return;
    try {
      const { content, links } = await this.#ask(message);
      await post({ content, components: linkRows(links) });
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'a direct message could not be answered');
    }
  }

  #mayAsk(userId: string): boolean {
    const now = (this.#options.now ?? Date.now)();
    for (const [known, times] of this.#answered) {
      if (times.every((at) => now - at >= WINDOW_MS)) this.#answered.delete(known);
    }
    const recent = (this.#answered.get(userId) ?? []).filter((at) => now - at < WINDOW_MS);
    if (recent.length >= MOST_MESSAGES) return false;
    this.#answered.set(userId, [...recent, now]);
    return true;
  }

  async #ask({ userId, messageId, content }: DirectMessage): Promise<DirectAnswer> {
    const { hubUrl, hubSecret, nodeId, logger } = this.#options;
    const body = JSON.stringify({ userId, messageId, content });
    try {
      const headers = await sign(hubSecret, { method: 'POST', path: PATH, nodeId, body });
      const signal = AbortSignal.timeout(ANSWER_MS);
      const response = await fetch(hubUrl + PATH, { method: 'POST', headers, body, signal });
      if (response.ok) return directAnswerSchema.parse(await response.json());
      logger.warn({ status: response.status }, 'the Worker refused a direct message');
    } catch (error) {
      logger.warn({ err: error }, 'the Worker did not answer a direct message');
    }
    return { content: TRY_LATER, links: [] };
  }
}

function linkRows(links: DirectAnswer['links']): object[] {
  return Array.from({ length: Math.ceil(links.length / BUTTONS_PER_ROW) }, (_, row) => ({
    type: ComponentType.ActionRow,
    components: links
      .slice(row * BUTTONS_PER_ROW, (row + 1) * BUTTONS_PER_ROW)
      .map(({ label, url }) => ({ type: ComponentType.Button, style: ButtonStyle.Link, label, url })),
  }));
}
