/** All identities of the node together: who reports which guild. */
import { EventEmitter } from 'node:events';
import type { NodeEventDraft } from '@patchbay/shared/events';
import { realTime, type Scheduler } from '../ops/scheduler.ts';
import { DropOuts } from './drop-outs.ts';
import { type GuildPicture, snapshotOf } from './guild-picture.ts';
import type { Identity } from './identity.ts';
import { reporterOf } from './reporter.ts';

export interface GatewayEvents {
  /** What the control plane is to know, in order. */
  report: [drafts: NodeEventDraft[]];
  /** An identity's guilds changed. */
  identities: [];
}

export class Gateway extends EventEmitter<GatewayEvents> {
  readonly identities: ReadonlyMap<string, Identity>;
  /** Who reports each guild now. */
  readonly #reporters = new Map<string, string>();
  readonly #time: Scheduler;
  readonly #dropOuts: DropOuts;

  constructor(identities: readonly Identity[], time: Scheduler = realTime) {
    super();
    this.#time = time;
    this.#dropOuts = new DropOuts({
      time,
      report: (drafts) => this.emit('report', drafts),
      look: (guildId) => void this.#readAuditLog(guildId),
    });
    this.identities = new Map(identities.map((identity) => [identity.identityId, identity]));
    for (const identity of identities) {
      identity.on('guild', (picture) => this.#guild(identity, picture));
      identity.on('guildRemoved', (guildId) => {
        this.emit('report', [{ type: 'guild.removed', guildId, identityId: identity.identityId }]);
        this.#choose(guildId);
        this.emit('identities');
      });
      identity.on('delta', (drafts, sessionId) => {
        const [first] = drafts;
        if (!first || this.#reporters.get(first.guildId) !== identity.identityId) return;
        // What is found out later names the same instant.
        const dated = drafts.map((draft) => ({ at: this.#time.now(), ...draft }));
        this.emit('report', dated);
        this.#dropOuts.follow(dated, sessionId);
      });
      identity.on('audit', (guildId, entry) => this.#dropOuts.audit(guildId, entry));
      identity.on('disconnected', () => this.#chooseAll(identity));
      identity.on('connected', () => this.#chooseAll(identity));
    }
  }

  async connect(): Promise<void> {
    await Promise.all([...this.identities.values()].map((identity) => identity.connect()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.identities.values()].map((identity) => identity.close()));
  }

  get connected(): boolean {
    return [...this.identities.values()].every((identity) => identity.connected);
  }

  identityReports(): { identityId: string; guildIds: string[] }[] {
    return [...this.identities.values()].map(({ identityId, guilds }) => ({
      identityId,
      guildIds: [...guilds.keys()],
    }));
  }

  /** How a member of a guild is called there, as far as voice told; the last known name of who has left voice is not kept. */
  nameOf(guildId: string, userId: string): string | undefined {
    for (const { guilds } of this.identities.values()) {
      const name = guilds.get(guildId)?.members.get(userId)?.displayName;
      if (name !== undefined) return name;
    }
    return undefined;
  }

  /** By the first identity that is there: what several may read is the same. */
  async #readAuditLog(guildId: string): Promise<void> {
    const reader = this.identities.get(this.#reporters.get(guildId) ?? '');
    await reader?.readAuditLog(guildId);
    this.#dropOuts.looked(guildId);
  }

  #guild(identity: Identity, picture: GuildPicture): void {
    const { guildId } = picture;
    const changed = this.#choose(guildId);
    const reporter = this.identities.get(this.#reporters.get(guildId) ?? '');
    // A newcomer is announced with the reporter's picture: its own may be older than deltas that went out already.
    const truth = reporter?.guilds.get(guildId) ?? picture;
    if (!(changed && reporter === identity)) this.emit('report', [snapshotOf(truth, identity.identityId)]);
    this.emit('identities');
  }

  /** Chooses the reporter of a guild again; a new one begins with a snapshot. */
  #choose(guildId: string): boolean {
    const members = [...this.identities.values()].filter((identity) => identity.guilds.has(guildId));
    const before = this.#reporters.get(guildId);
    const chosen = reporterOf(members);
    if (chosen === before) return false;
    if (!chosen) {
      // Nobody is connected: who reported last goes on after a resume, which replays what was missed.
      if (members.length === 0) {
        this.#reporters.delete(guildId);
        this.#dropOuts.forget(guildId);
      }
      return false;
    }
    this.#reporters.set(guildId, chosen);
    const picture = this.identities.get(chosen)?.guilds.get(guildId);
    if (picture) this.emit('report', [snapshotOf(picture, chosen)]);
    return true;
  }

  #chooseAll(identity: Identity): void {
    for (const guildId of identity.guilds.keys()) this.#choose(guildId);
  }
}
