/** All identities of the node together: who reports which guild. */
import { EventEmitter } from 'node:events';
import type { NodeEventDraft } from '@patchbay/shared/events';
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

  constructor(identities: readonly Identity[]) {
    super();
    this.identities = new Map(identities.map((identity) => [identity.identityId, identity]));
    for (const identity of identities) {
      identity.on('guild', (picture) => this.#guild(identity, picture));
      identity.on('guildRemoved', (guildId) => {
        this.emit('report', [{ type: 'guild.removed', guildId, identityId: identity.identityId }]);
        this.#choose(guildId);
        this.emit('identities');
      });
      identity.on('delta', (drafts) => {
        const [first] = drafts;
        if (first && this.#reporters.get(first.guildId) === identity.identityId) this.emit('report', drafts);
      });
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
      if (members.length === 0) this.#reporters.delete(guildId);
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
