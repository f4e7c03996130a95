/** What the scenario asks of each client library. */

/** The first guild as a client's cache shows it. Lists are sorted. */
export interface Picture {
  guild: string;
  channels: string[];
  /** The bot's own member is known. */
  self: boolean;
  /** Names of those in voice. */
  inVoice: string[];
}

export interface Address {
  token: string;
  botUserId: string;
  /** `http://127.0.0.1:<port>/api` */
  apiUrl: string;
}

/**
 * A small bot: it answers the message `hello` with a message that has a button, and a click with an ephemeral message.
 * `changed` is called after each event that may have changed the cache; `failed` with every error the library reports.
 */
export interface TestedClient {
  /** Resolves when the library says that it is ready. */
  start(): Promise<void>;
  picture(): Picture | undefined;
  stop(): Promise<void> | void;
}

export interface Hooks {
  changed: () => void;
  failed: (error: unknown) => void;
}

const button: { type: 2; style: 1; label: string; custom_id: string } = {
  type: 2,
  style: 1,
  label: 'Press',
  custom_id: 'press',
};
export const buttonRow: { type: 1; components: (typeof button)[] } = { type: 1, components: [button] };
export const greeting = 'press the button';
export const answer = 'pressed';
/** GUILDS, GUILD_VOICE_STATES, GUILD_MESSAGES, MESSAGE_CONTENT. */
export const intents = (1 << 0) | (1 << 7) | (1 << 9) | (1 << 15);
