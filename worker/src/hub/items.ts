import type { PresenceSnapshot } from '@patchbay/shared/hub-protocol';
import type { AccessFacts } from '../access/sight.ts';
import type { AnyHubEvent } from './visibility.ts';

/** Header by which the Worker says which shard it asks. */
export const SHARD_HEADER = 'x-patchbay-shard';

/** An event on its way to browsers; `audience`: channels of which a viewer must see one, where the payload does not say it. */
export interface Published {
  event: AnyHubEvent;
  audience?: string[];
}

/** What a guild tells its hub, in order. */
export type HubItem =
  | ({ kind: 'hub' } & Published)
  /** Who may see what is different now. */
  | { kind: 'access' }
  /** A viewer's roles are different now; `null`: no member any more. */
  | { kind: 'viewer'; userId: string; roles: string[] | null };

export interface PublishBatch {
  /** An object does not always know its own name: an alarm may have woken it. */
  guildId: string;
  shard: number;
  epoch: string;
  /** Version of the facts by which it is decided who may see it. */
  access: number;
  shards: number;
  items: HubItem[];
}

/** Sockets that a shard holds or is about to take. */
export interface PublishAnswer {
  sockets: number;
}

/** Everything that a hub has to know of its guild, as of one sequence. */
export interface GuildPicture {
  epoch: string;
  seq: number;
  shards: number;
  access: AccessFacts;
  snapshot: PresenceSnapshot;
  /** By session: the channels of this guild that it is or was in. */
  audiences: Record<string, string[]>;
}
