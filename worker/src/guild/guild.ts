import type { EndReason } from '@patchbay/shared/end-reason';
import type { NodeEvent } from '@patchbay/shared/events';
import type { SessionView } from '@patchbay/shared/hub-protocol';
import type { Transcript } from '../captions/place.ts';
import type { GuildPicture } from '../hub/items.ts';
import type { PanelProgress } from '../panel/state.ts';
import type { Asker } from '../recording/access.ts';
import type { Places } from '../recording/say.ts';
import type { LegLive, LegSpeakers } from '../session/live.ts';
import { type ForeignCaption, foreignCaption, transcriptStored } from './captions/events.ts';
import { ingest } from './events.ts';
import { GuildCommands } from './guild-commands.ts';
import { showLive, showProgress, speakers } from './live.ts';
import { owesMail } from './mails.ts';
import { pictureOf } from './picture.ts';
import { recordingOver } from './record.ts';
import { asker, places, type RecordingRules, recordingRules } from './recorded.ts';
import { type RejoinFacts, RejoinLimit, rejoinFacts } from './rejoining.ts';
import { type Obstacle, obstacle, type ReserveAnswer, type ReserveRequest, reserve } from './reserving.ts';
import { legOver, release, sessionChanged, sessionOver } from './sessions.ts';
import type { ViewerAnswer } from './viewers.ts';

export type { ChannelAction, Located } from './guild-commands.ts';

/**
 * One guild: who is where, one use per channel, the leases of its legs. It numbers events and holds no sockets.
 * Here is what voice nodes, sessions, hubs and recordings ask of it; people's commands are in `guild-commands.ts`. Each method is
 * one transaction; the rules stand in the files beside it.
 */
export class Guild extends GuildCommands {
  readonly #rejoinLimit = new RejoinLimit();

  /** Takes events of one node's outbox, in order; answers the watermark. */
  ingest(nodeId: string, stream: string, events: NodeEvent[]): number {
    return this.transaction(() => ingest(this.book, nodeId, stream, events));
  }

  /** Leases a leg for a session whose ticket waits here. Idempotent. */
  reserve(request: ReserveRequest): ReserveAnswer {
    return this.transaction(() => reserve(this.book, request));
  }

  /** Why an operator's session would find no leg in a channel now. */
  obstacle(channelId: string, role: ReserveRequest['role']): Obstacle | null {
    return obstacle(this.book, channelId, role);
  }

  /** A session was given up before it was placed. */
  release(sessionId: string, stoppedHere: boolean, unserved: string[] = [], reason: EndReason = 'error'): void {
    this.transaction(() => release(this.book, { sessionId, unserved, reason }, stoppedHere));
  }

  /** The newest view of a session that has a leg here. */
  sessionChanged(view: SessionView): void {
    this.transaction(() => sessionChanged(this.book, view));
  }

  /** How the people of a channel who speak are named. */
  speakers(channelId: string, userIds: string[]): LegSpeakers {
    return speakers(this.book, channelId, userIds);
  }

  /** What is live in a call of this guild. Nothing is stored. */
  live(sessionId: string, legs: LegLive[], counts: { late: number; concealed: number }): Promise<void> {
    return showLive(this.book, this.env, sessionId, legs, counts);
  }

  /** How far a recording of these channels is. Nothing is stored. */
  recordingProgress(sessionId: string, channelIds: string[], progress: PanelProgress): Promise<void> {
    return showProgress(this.book, this.env, sessionId, channelIds, progress);
  }

  /** Where something about a recorded channel can be said: its own chat, then the channel of its panel. */
  places(channelId: string): Places {
    return places(this.book, channelId);
  }

  /** What this server sets up for its recordings. */
  recordingRules(): RecordingRules {
    return recordingRules(this.book);
  }

  /** Sends a mail about a recording to this server's addresses, once. */
  mail(sessionId: string, mail: { subject: string; text: string }): void {
    this.transaction(() => owesMail(this.book, sessionId, mail));
  }

  /** Somebody who wants a recording of this server, as it knows them now. */
  asker(userId: string, maxAgeMs: number, known?: { roles?: string[]; manages?: boolean }): Promise<Asker> {
    return asker(this.book, userId, () => this.viewers.of(userId, maxAgeMs), known);
  }

  /** A session is over. Idempotent. */
  sessionOver(sessionId: string, reason: EndReason, stoppedHere: boolean): void {
    this.transaction(() => sessionOver(this.book, sessionId, { reason, stoppedHere }));
  }

  /** A side of a call is not recorded any longer, while the call goes on. Idempotent. */
  recordingOver(sessionId: string, channelId: string, reason: EndReason): void {
    this.transaction(() => recordingOver(this.book, sessionId, reason, channelId));
  }

  /** One leg of a session is over while the others go on. Idempotent. */
  legOver(sessionId: string, channelId: string, reason: EndReason): void {
    const end = { reason, stoppedHere: reason === 'command' };
    this.transaction(() => legOver(this.book, { sessionId, channelId }, end));
  }

  /** What somebody said on another side of a call. Idempotent. */
  foreignCaption(channelId: string, caption: ForeignCaption, at: number): void {
    this.transaction(() => foreignCaption(this.book, channelId, caption, at));
  }

  /** The transcript of a session is stored. Idempotent. */
  transcriptStored(channelId: string, transcript: Transcript): void {
    this.transaction(() => transcriptStored(this.book, channelId, transcript));
  }

  /** What is known of somebody who wants to get back into a channel; who asks too often has to wait. */
  rejoining(userId: string, channelId: string): RejoinFacts {
    const retryAfterMs = this.#rejoinLimit.take(userId, Date.now());
    return retryAfterMs > 0 ? { retryAfterMs } : rejoinFacts(this.store, userId, channelId);
  }

  /** A shard of the hub is about to take its first socket. */
  openShard(shard: number): void {
    this.transaction(() => this.shards.open(shard));
  }

  /** The roles of somebody who wants to look; what is known for no longer than `maxAgeMs` is good enough. */
  viewer(userId: string, maxAgeMs: number): Promise<ViewerAnswer> {
    return this.viewers.of(userId, maxAgeMs);
  }

  /** The present sequence. */
  head(): { epoch: string; seq: number } {
    return { epoch: this.store.meta('epoch') ?? '', seq: Number(this.store.meta('seq') ?? 0) };
  }

  /** The whole picture, the sequence that it includes, and who may see what of it. */
  snapshot(): GuildPicture {
    return pictureOf(this.book, { ...this.head(), shards: this.shards.count });
  }
}
