/** Replies of a guild in words. Pure. */
import type { Reply } from '../guild/replies.ts';
import { ANONYMOUS } from '../guild/reserving.ts';
import type { MonitorStatus, StatusReport } from '../guild/status.ts';
import { isTextKey, type Language, type TextKey, text } from './texts/texts.ts';

/** The longest message that Discord takes. */
const MESSAGE_LIMIT = 2_000;

/** A refusal with its code in small letters, so that it can be looked up and quoted. */
export const refusal = (sentence: string, code: string): string => `${sentence}\n-# ${code}`;

/** A guild's reply; a refusal carries its code. */
export function reply(language: Language, { ok, code, values, holders }: Reply): string {
  const conjunction = new Intl.ListFormat(language, { type: 'conjunction' });
  const places = (holders ?? []).map(({ channelId, purpose }) =>
    text(language, 'holder.one', { channel: channelId, purpose: text(language, `purpose.${purpose}`) }),
  );
  const sentence = text(language, `answer.${code}`, { ...values, holders: conjunction.format(places) });
  return ok ? sentence : refusal(sentence, code);
}

/** `1:05`, `1:02:03`. */
export function length(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const shown = parts[0] === 0 ? parts.slice(1) : parts;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':');
}

const inSeconds = (ms: number) => Math.floor(ms / 1000);

/** A server as people read it. */
const serverIn = (language: Language) => (name: string) =>
  name === ANONYMOUS ? text(language, 'partner.anonymous') : name;

const stateIn = (language: Language, state: string): string => {
  const key = `state.${state}`;
  return isTextKey(key) ? text(language, key) : state;
};

/** What a monitor listens to, or that it waits. */
export function monitorWords(language: Language, status: MonitorStatus): string {
  const { listensTo, waits, hold, restUntil, hindrance } = status;
  if (listensTo) {
    const conjunction = new Intl.ListFormat(language, { type: 'conjunction' });
    const places = listensTo.channels.map((channel) => `<#${channel}>`);
    const parties = conjunction.format([...places, ...listensTo.partners.map(serverIn(language))]);
    return text(language, 'monitor.listens', { parties, state: stateIn(language, listensTo.state) });
  }
  if (hold === 'rest') return text(language, 'monitor.rest', { until: inSeconds(restUntil) });
  if (hold !== 'none') return text(language, 'monitor.hold');
  const lines = [text(language, waits ? 'monitor.waits' : 'monitor.empty')];
  if (hindrance) lines.push(reply(language, hindrance));
  return lines.join(' ');
}

/** What a channel is doing, at `now` in milliseconds. */
export function statusWords(language: Language, status: StatusReport, now: number): string {
  const say = (key: TextKey, values: Record<string, string | number> = {}) =>
    text(language, key, { channel: status.channelId, ...values });
  if (status.use === 'waiting') {
    const { place, expectedWait } = status;
    const where = place === null ? say('status.connecting') : say('status.place', { place });
    const wait =
      place === null || expectedWait === null
        ? []
        : [say('status.expected', { minutes: Math.max(1, Math.ceil(expectedWait / 60_000)) })];
    const failed = status.unserved ? [say('status.unserved')] : [];
    return [say('status.waiting', { since: inSeconds(status.since) }), where, ...wait, ...failed].join(' ');
  }
  const lasting = (since: number) => say('status.length', { length: length(now - since), since: inSeconds(since) });
  if (status.use === 'monitor') {
    const since = status.listensTo?.since ?? null;
    const what = `${say('status.monitor')} ${monitorWords(language, status)}`;
    return since === null ? what : `${what} ${lasting(since)}`;
  }
  if (status.use === 'session') {
    const state = stateIn(language, status.state);
    const names = status.partners.map(serverIn(language));
    const partner = new Intl.ListFormat(language, { type: 'conjunction' }).format(names);
    const what = names.length > 0 ? say('status.session', { partner, state }) : say('status.alone', { state });
    if (status.since === null) return what;
    return `${what} ${lasting(status.since)}`;
  }
  const lines = [say(status.configured ? 'status.idle.configured' : 'status.idle')];
  if (status.hold !== 'none') lines.push(say(`status.hold.${status.hold}`, { until: inSeconds(status.restUntil) }));
  if (status.hindrance) lines.push(reply(language, status.hindrance));
  return lines.join(' ');
}

/** Lines of a message that Discord takes; those that are too many are counted by `more`. */
export function clip(lines: readonly string[], more: (count: number) => string): string {
  const kept: string[] = [];
  let size = 0;
  for (const [index, line] of lines.entries()) {
    if (size + line.length + 1 > MESSAGE_LIMIT - 60) return [...kept, more(lines.length - index)].join('\n');
    kept.push(line);
    size += line.length + 1;
  }
  return kept.join('\n');
}
