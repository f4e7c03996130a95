/** Captions as Discord messages. Pure: the same lines give the same text. */
import { ButtonStyle, ComponentType } from 'discord-api-types/v10';
import { plain } from '../panel/render.ts';
import type { CaptionLine } from './place.ts';
import type { CaptionMessage } from './plan.ts';
import { captionTexts } from './texts.ts';

/** The longest message that Discord takes. */
export const MESSAGE_LIMIT = 2_000;
/** A part that is longer than this is divided: each character may become two when it is defused. */
const PIECE = 900;

/** A long text in pieces that fit into one message, divided between words where there are any. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let rest = text.trim();
  while (rest.length > PIECE) {
    const space = rest.lastIndexOf(' ', PIECE);
    const at = space > PIECE / 2 ? space : PIECE;
    found.push(rest.slice(0, at));
    rest = rest.slice(at).trimStart();
  }
  return rest === '' ? found : [...found, rest];
}

/** `1:05`: time in the session. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function speaker({ userId, name, guildName }: CaptionLine, somebody: string): string {
  // A mention notifies nobody, by `allowed_mentions`, and names people who have left.
  const named = name === undefined ? (userId === '0' ? somebody : `<@${userId}>`) : `**${plain(name)}**`;
  return guildName === undefined ? named : `${named} (${plain(guildName)})`;
}

const voiceOf = ({ userId, name, guildName }: CaptionLine) => JSON.stringify([userId, name, guildName]);

/** Lines by time; what one person said in a row is one block. */
export function textOf(lines: readonly CaptionLine[], locale: 'en' | 'it'): string {
  const inOrder = [...lines].sort((left, right) => left.startMs - right.startMs);
  const { somebody } = captionTexts[locale];
  return inOrder
    .map((line, index) => {
      const before = inOrder[index - 1];
      const goesOn = before !== undefined && voiceOf(before) === voiceOf(line);
      const head = `${speaker(line, somebody)} \`${clock(line.startMs)}\` `;
      return `${goesOn ? ' ' : index === 0 ? head : `\n${head}`}${plain(line.text)}`;
    })
    .join('');
}

/** What a button of a transcript says when it is pressed. */
const TRANSCRIPT = 'transcript:';
export const transcriptButtonId = (sessionId: string): string => `${TRANSCRIPT}${sessionId}`;
/** The session of a transcript's button; undefined for other buttons. */
export const readTranscriptButton = (id: string): string | undefined =>
  /^transcript:([0-9A-HJKMNP-TV-Z]{26})$/.exec(id)?.[1];

/** A message as it is posted and edited. */
export function renderCaptions({ content, locale, sessionId }: CaptionMessage): object {
  const texts = captionTexts[locale];
  const mentions = { allowed_mentions: { parse: [] } };
  if (content.kind === 'notice') return { content: texts.notice(plain(content.channelName)), ...mentions };
  if (content.kind === 'lines') return { content: textOf(content.lines, locale), ...mentions };
  const { channelName, live, prerecorded } = content;
  const button = {
    type: ComponentType.Button,
    style: ButtonStyle.Secondary,
    label: texts.button,
    custom_id: transcriptButtonId(sessionId),
  };
  return {
    content: texts.transcript(plain(channelName), live, prerecorded),
    components: [{ type: ComponentType.ActionRow, components: [button] }],
    ...mentions,
  };
}
