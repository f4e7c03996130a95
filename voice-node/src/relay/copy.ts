/** One message as one other side reads it. Pure. */
import type { RelaySide } from '@patchbay/shared/session-spec';
import type { Written } from './incoming.ts';
import { safeName, safeText } from './safe-text.ts';
import { relayWords } from './words.ts';

/** The longest message that Discord takes of a bot. */
export const MESSAGE_LIMIT = 2_000;

export interface Source {
  anonymous: boolean;
  /** The server's name, where it has to be told apart from others. */
  label?: string | undefined;
  /** Names of the server's channels, by id. */
  channels: ReadonlyMap<string, string>;
}

export interface CopyText {
  content: string;
  /** Links or files were left out. */
  filtered: boolean;
  cut: boolean;
}

/**
 * What is posted for a message: who wrote it, in bold, then the text on the same line, so that none of its lines can look like
 * another person's.
 */
export function copyText(message: Written, source: Source, language: RelaySide['language']): CopyText {
  const words = relayWords[language];
  const { anonymous } = source;
  const name = anonymous ? words.somebody : safeName(message.name) || words.someone;
  const server = anonymous || source.label === undefined ? '' : ` (${safeName(source.label)})`;
  const head = `**${name}**${server}: `;
  const tail = message.files > 0 ? words.files(message.files) : '';
  const nobody = new Map<string, string>();
  const names = anonymous
    ? { users: nobody, channels: nobody }
    : { users: message.mentioned, channels: source.channels };
  const { text, links, cut } = safeText(message.content, names, words, MESSAGE_LIMIT - head.length - tail.length - 1);
  const body = [text, tail].filter((part) => part !== '').join(' ');
  return { content: head + body, filtered: links || message.files > 0, cut };
}
