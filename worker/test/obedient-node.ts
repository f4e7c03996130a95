/** A voice node that does at once what it is told: legs connect, leave and end as the control plane asks. */
import type { WorkerMessage } from '@patchbay/shared/control-messages';
import type { NodeEventDraft } from '@patchbay/shared/events';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { person, snapshot, TestNode, type World } from './world.ts';

export class ObedientNode {
  readonly node: TestNode;
  /** What runs, by the session's id. */
  readonly running = new Map<string, SessionSpec>();
  /** Every spec and end, in order of arrival. */
  readonly told: string[] = [];
  #work: Promise<void> = Promise.resolve();
  #stopped = false;
  #reports: Promise<void> = Promise.resolve();

  constructor(world: World, nodeId = 'node-1') {
    this.node = new TestNode(world, nodeId);
    const push = this.node.inbox.push.bind(this.node.inbox);
    this.node.inbox.push = (message) => {
      push(message);
      if (!this.#stopped) this.#work = this.#work.then(() => this.#obey(message));
    };
  }

  /** The guild's voice channels as the identities see them, and who is there already. */
  async place(
    guildId: string,
    identities: string[],
    channelIds: string[],
    members: [userId: string, channelId: string][] = [],
  ): Promise<void> {
    const plain = snapshot(guildId, '', '');
    if (plain.type !== 'voice.snapshot') throw new Error('not a snapshot');
    const channels = channelIds.map((channelId) => ({ channelId, name: `voice ${channelId}` }));
    const there = members.map(([userId, channelId]) => person(userId, channelId));
    for (const identityId of identities) await this.report({ ...plain, identityId, channels, members: there });
  }

  join(guildId: string, userId: string, channelId: string): Promise<void> {
    return this.report({ type: 'voice.joined', guildId, member: person(userId, channelId) });
  }

  /** What was told up to now is done. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Does nothing more; resolves when what it was doing is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  /** Reports events after those before, as the outbox of a node does. */
  report(...drafts: NodeEventDraft[]): Promise<void> {
    const report = this.#reports.then(() => this.node.report(...drafts));
    this.#reports = report.catch(() => undefined);
    return report;
  }

  async #obey(message: WorkerMessage): Promise<void> {
    if (message.type === 'session.apply') {
      const { spec } = message;
      this.told.push(`apply ${spec.legs.map(({ channelId, role }) => `${channelId}:${role}`).join(' ')}`);
      const before = this.running.get(spec.id)?.legs ?? [];
      this.running.set(spec.id, spec);
      const about = { sessionId: spec.id, revision: spec.revision };
      const known = new Set(before.map(({ legId }) => legId));
      const wanted = new Set(spec.legs.map(({ legId }) => legId));
      const events: NodeEventDraft[] = [];
      for (const { guildId, legId } of spec.legs) {
        if (!known.has(legId)) events.push({ type: 'session.active', guildId, ...about, legId, daveVersion: 1 });
      }
      for (const { guildId, legId } of before) {
        const over = { reason: 'command' as const, by: legId, goesOn: true };
        if (!wanted.has(legId)) events.push({ type: 'session.ended', guildId, ...about, legId, ...over });
      }
      if (events.length > 0) await this.report(...events);
    }
    if (message.type === 'session.end') {
      const { sessionId, revision, reason } = message;
      this.told.push(`end ${reason}`);
      const legs = this.running.get(sessionId)?.legs ?? [];
      this.running.delete(sessionId);
      for (const { guildId, legId } of legs) {
        await this.report({ type: 'session.ended', guildId, sessionId, revision, legId, reason });
      }
    }
  }
}
