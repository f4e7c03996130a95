import { PatchbayError } from '@patchbay/shared/errors';
import { postInFirst } from '../discord/messages.ts';
import { callDiscord } from '../discord/rest.ts';
import { guildOf } from '../env.ts';
import { fingerprint } from '../panel/live.ts';
import type { RecordingEffect } from './effects.ts';
import type { RecordingLife } from './life.ts';
import { isCurrent, type Post, type RecordingRecord, type Side } from './record.ts';
import { type ReportFacts, reportMail, reportMessage } from './report-message.ts';
import { expiryOf } from './retention.ts';

const newNonce = () => crypto.randomUUID().replaceAll('-', '').slice(0, 25);

/** Posts the report of a side, or edits it when something in it is different now. */
export async function showReport(
  life: RecordingLife,
  { guildId, channelId }: Extract<RecordingEffect, { kind: 'report' }>,
): Promise<void> {
  const name = `${guildId}:${channelId}`;
  const facts = factsOf(life, guildId, channelId);
  if (!facts) return;
  const { channels, language } = await guildOf(life.env, guildId).places(channelId);
  const message = reportMessage(language, facts);
  const shown = fingerprint({ ...message, flags: 0, allowed_mentions: { parse: [] } });
  const post: Post = life.store.record()?.posts[name] ?? { nonce: newNonce() };
  if (post.shown === shown || post.problem !== undefined) return;
  keep(life, name, post);
  if (post.at) {
    const path = `/channels/${post.at.channelId}/messages/${post.at.messageId}`;
    const answer = await callDiscord(life.settings, { method: 'PATCH', path, body: message });
    if (answer.kind === 'later') throw later();
    // Somebody deleted it: they know what they do.
    keep(life, name, { ...post, shown, ...(answer.kind === 'refused' ? { problem: `discord_${answer.code}` } : {}) });
    return;
  }
  const posted = await postInFirst(life.settings, channels, { ...message, nonce: post.nonce });
  if (posted?.answer.kind === 'later') throw later();
  const id = posted?.answer.kind === 'ok' ? (posted.answer.body as { id?: string } | undefined)?.id : undefined;
  if (posted && id) keep(life, name, { ...post, at: { channelId: posted.channelId, messageId: id }, shown });
  else {
    const problem = posted?.answer.kind === 'refused' ? `discord_${posted.answer.code}` : 'no_channel';
    console.error(`recording ${facts.record.sessionId}: its report cannot be posted (${problem})`);
    keep(life, name, { ...post, problem });
  }
}

/** Has the server send its mails about the recording, once. */
export async function orderMail(life: RecordingLife, guildId: string): Promise<void> {
  const record = life.store.record();
  const side = record?.sides.find((each) => each.guildId === guildId);
  const facts = side && factsOf(life, guildId, side.channelId);
  if (!record || !facts) return;
  const guild = guildOf(life.env, guildId);
  const { language } = await guild.places(facts.side.channelId);
  const { PUBLIC_URL } = life.settings;
  const page = PUBLIC_URL && `${PUBLIC_URL.replace(/\/+$/, '')}/#/recordings/${guildId}/${record.sessionId}`;
  await guild.mail(record.sessionId, reportMail(language, facts, page));
}

/** What a report says; `undefined` while there is no master to speak of. */
function factsOf({ store }: RecordingLife, guildId: string, channelId: string): ReportFacts | undefined {
  const record = store.record();
  const side = record?.sides.find((each: Side) => each.guildId === guildId && each.channelId === channelId);
  if (!record?.master || !side || !isCurrent(record)) return undefined;
  const { at: expiresAt } = expiryOf(record);
  const rest = { people: store.people(), fragments: store.objects('normalised'), coverage: store.coverage() };
  return { record, master: record.master, side, ...rest, notes: store.notes(), expiresAt };
}

function keep({ store }: RecordingLife, name: string, post: Post): void {
  const record: RecordingRecord | undefined = store.record();
  if (record) store.put({ ...record, posts: { ...record.posts, [name]: post } });
}

/** The outbox comes again. */
const later = () => new PatchbayError('discord_unavailable', 'Discord did not take the report of a recording now.');
