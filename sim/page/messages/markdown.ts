/**
 * Discord's subset of Markdown, as a tree
 * (https://support.discord.com/hc/en-us/articles/210298617, https://discord.com/developers/docs/reference#message-formatting).
 */
export type Inline =
  | { type: 'text'; text: string }
  | { type: 'bold' | 'italic' | 'underline' | 'strike' | 'spoiler'; children: Inline[] }
  | { type: 'code'; text: string }
  | { type: 'link'; url: string; children: Inline[] }
  | { type: 'user' | 'role' | 'channel' | 'command'; id: string; text: string }
  | { type: 'time'; seconds: number; style: string }
  | { type: 'emoji'; name: string; id: string }
  | { type: 'everyone'; text: string };

export type Block =
  | { type: 'paragraph'; children: Inline[] }
  | { type: 'heading'; level: 1 | 2 | 3; children: Inline[] }
  | { type: 'subtext'; children: Inline[] }
  | { type: 'quote'; blocks: Block[] }
  | { type: 'list'; ordered: boolean; items: { depth: number; children: Inline[] }[] }
  | { type: 'code'; language: string; text: string };

/** Only these lead anywhere; `attachment://` and scripts do not. */
export function safeLink(url: string): string | undefined {
  return /^(https?:|discord:)\/\//i.test(url) || /^data:image\//i.test(url) ? url : undefined;
}

export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  let rest = text;
  for (;;) {
    const fence = /```(?:([a-z0-9_+.-]+)\n)?([\s\S]*?)```/i.exec(rest);
    if (!fence) break;
    blocks.push(...parseLines(rest.slice(0, fence.index).replace(/\n$/, '')));
    blocks.push({ type: 'code', language: fence[1] ?? '', text: (fence[2] ?? '').replace(/^\n|\n$/g, '') });
    rest = rest.slice(fence.index + fence[0].length).replace(/^\n/, '');
  }
  blocks.push(...parseLines(rest));
  return blocks;
}

function parseLines(text: string): Block[] {
  if (text === '') return [];
  const blocks: Block[] = [];
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const last = blocks.at(-1);
    const heading = /^(#{1,3}) +(.+)$/.exec(line);
    const item = /^( *)([-*]|\d+\.) +(.+)$/.exec(line);
    if (line.startsWith('>>> ')) {
      blocks.push({ type: 'quote', blocks: parseLines([line.slice(4), ...lines.slice(index + 1)].join('\n')) });
      return blocks;
    }
    if (line.startsWith('> ')) {
      const quoted = [line.slice(2)];
      while (lines[index + 1]?.startsWith('> ')) quoted.push((lines[++index] ?? '').slice(2));
      blocks.push({ type: 'quote', blocks: parseLines(quoted.join('\n')) });
    } else if (heading)
      blocks.push({
        type: 'heading',
        level: (heading[1]?.length ?? 1) as 1 | 2 | 3,
        children: parseInline(heading[2] ?? ''),
      });
    else if (line.startsWith('-# ')) blocks.push({ type: 'subtext', children: parseInline(line.slice(3)) });
    else if (item) {
      const ordered = /\d/.test(item[2] ?? '');
      const entry = { depth: Math.floor((item[1]?.length ?? 0) / 2), children: parseInline(item[3] ?? '') };
      if (last?.type === 'list' && last.ordered === ordered) last.items.push(entry);
      else blocks.push({ type: 'list', ordered, items: [entry] });
    } else if (last?.type === 'paragraph') last.children.push({ type: 'text', text: '\n' }, ...parseInline(line));
    else blocks.push({ type: 'paragraph', children: parseInline(line) });
  }
  return blocks;
}

type Rule = [RegExp, (match: RegExpExecArray) => Inline];
const inner = (match: RegExpExecArray) => parseInline(match[1] ?? '');
const id =
  (type: 'user' | 'role' | 'channel'): Rule[1] =>
  (match) => ({ type, id: match[1] ?? '', text: match[0] });

/** Tried in this order wherever the text stands; the first that fits takes its part. */
const rules: Rule[] = [
  [/^\\([^\w\s])/, (match) => ({ type: 'text', text: match[1] ?? '' })],
  [/^``(.+?)``(?!`)/s, (match) => ({ type: 'code', text: match[1] ?? '' })],
  [/^`([^`]+)`/s, (match) => ({ type: 'code', text: match[1] ?? '' })],
  [/^<@!?(\d+)>/, id('user')],
  [/^<@&(\d+)>/, id('role')],
  [/^<#(\d+)>/, id('channel')],
  [/^<\/([^:>]+):(\d+)>/, (match) => ({ type: 'command', id: match[2] ?? '', text: `/${match[1]}` })],
  [/^<a?:(\w+):(\d+)>/, (match) => ({ type: 'emoji', name: match[1] ?? '', id: match[2] ?? '' })],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (match) => ({ type: 'time', seconds: Number(match[1]), style: match[2] ?? 'f' })],
  [/^@(everyone|here)\b/, (match) => ({ type: 'everyone', text: match[0] })],
  [
    /^\[([^\]]+)\]\(<?(https?:\/\/[^\s)>]+)>?\)/,
    (match) => ({ type: 'link', url: match[2] ?? '', children: inner(match) }),
  ],
  [
    /^<(https?:\/\/[^\s>]+)>/,
    (match) => ({ type: 'link', url: match[1] ?? '', children: [{ type: 'text', text: match[1] ?? '' }] }),
  ],
  [
    /^https?:\/\/[^\s<]+[^\s<.,:;"')\]]/,
    (match) => ({ type: 'link', url: match[0], children: [{ type: 'text', text: match[0] }] }),
  ],
  [/^\|\|(.+?)\|\|/s, (match) => ({ type: 'spoiler', children: inner(match) })],
  [/^\*\*(.+?)\*\*(?!\*)/s, (match) => ({ type: 'bold', children: inner(match) })],
  [/^__(.+?)__(?!_)/s, (match) => ({ type: 'underline', children: inner(match) })],
  [/^~~(.+?)~~/s, (match) => ({ type: 'strike', children: inner(match) })],
  [/^\*(?=\S)(.+?)\*(?!\*)/s, (match) => ({ type: 'italic', children: inner(match) })],
  [/^_(?=\S)(.+?)_(?!\w)/s, (match) => ({ type: 'italic', children: inner(match) })],
];

export function parseInline(text: string): Inline[] {
  const nodes: Inline[] = [];
  let plain = '';
  let at = 0;
  const flush = () => {
    if (plain !== '') nodes.push({ type: 'text', text: plain });
    plain = '';
  };
  while (at < text.length) {
    const rest = text.slice(at);
    const found = /^[\\`<@[h|*_~]/.test(rest) ? match(rest, plain) : undefined;
    if (found) {
      flush();
      nodes.push(found.node);
      at += found.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function match(rest: string, before: string): { node: Inline; length: number } | undefined {
  // An underscore within a word is no emphasis.
  if (rest.startsWith('_') && /\w$/.test(before)) return undefined;
  for (const [pattern, make] of rules) {
    const found = pattern.exec(rest);
    if (found) return { node: make(found), length: found[0].length };
  }
  return undefined;
}
