import { DurableObject } from 'cloudflare:workers';
import {
  type Ephemeral,
  NODE_LOST_MS,
  NODE_SUSPECT_MS,
  type NodeMessage,
  nodeMessageSchema,
  type WorkerMessage,
} from '@patchbay/shared/control-messages';
import type { EndReason } from '@patchbay/shared/end-reason';
import type { SessionSpec } from '@patchbay/shared/session-spec';
import { SIGNATURE_WINDOW_MS } from '@patchbay/shared/signing';
import { Deadlines } from '../alarms/deadlines.ts';
import { type Env, hubOf, sessionOf } from '../env.ts';
import { OUTBOX_DEADLINE, Outbox } from '../outbox/outbox.ts';
import { reciprocate } from '../sockets/reciprocate.ts';
import { candidateNodes, claimIdentity } from './placement.ts';
import { endMessage, reconcile, withEpochs } from './reconcile.ts';
import { FleetStore, type Hello, type IdentityReport } from './store.ts';

interface Attachment {
  nodeId: string;
  /** After its hello; earlier messages are refused. */
  ready: boolean;
}

/** What the fleet owes to sessions. */
type FleetEffect =
  | { kind: 'lost' }
  | { kind: 'tombstone'; reason: EndReason }
  | { kind: 'refused'; code: string; message: string };

export type Placement = { ok: true; epochs: Record<string, number> } | { ok: false; code: string };

/** Silent nodes are looked for so often while any is known to run something. Milliseconds. */
const WATCH_MS = 2_500;

/** The voice nodes of a deployment: control sockets, identity leases, and which session each should run. */
export class Fleet extends DurableObject<Env> {
  readonly #store: FleetStore;
  readonly #deadlines: Deadlines;
  readonly #outbox: Outbox<FleetEffect>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new FleetStore(ctx.storage.sql);
    this.#deadlines = new Deadlines(ctx.storage);
    this.#outbox = new Outbox(ctx.storage, this.#deadlines, (lane, effects) => this.#deliver(lane, effects));
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }

  /** The upgrade of a control socket; the app has verified the signature and that the path names the signer. */
  override async fetch(request: Request): Promise<Response> {
    const nodeId = request.headers.get('x-patchbay-node') ?? '';
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [nodeId]);
    server.serializeAttachment({ nodeId, ready: false } satisfies Attachment);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** `false` when this nonce was seen within the time that a signature lives. */
  useNonce(nodeId: string, nonce: string): boolean {
    const now = Date.now();
    return this.#store.useNonce(`${nodeId}:${nonce}`, now + 2 * SIGNATURE_WINDOW_MS, now);
  }

  hasGuild(guildId: string): boolean {
    return this.#store.hasGuild(guildId);
  }

  /** A guild learned that an identity is a member of it, or no longer. */
  setMember(guildId: string, identityId: string, member: boolean): void {
    this.#store.setMembership(guildId, identityId, member);
  }

  /** Nodes that could hold a session with a leg in each guild, best first. */
  candidates(guildIds: string[]): { nodeIds: string[]; guildsWithout: string[] } {
    const nodes = this.#store.nodeIds().filter((nodeId) => this.#isHealthy(nodeId));
    return candidateNodes(
      nodes.map((nodeId) => this.#store.load(nodeId)),
      guildIds,
    );
  }

  /** The epochs under which a node may use these identities now. */
  place(nodeId: string, identityIds: string[]): Placement {
    if (!this.#isHealthy(nodeId)) return { ok: false, code: 'node_away' };
    const epochs = this.#store.epochsOf(nodeId);
    const owned = identityIds.flatMap((id) => (epochs.has(id) ? [[id, epochs.get(id) ?? 0] as const] : []));
    return owned.length === identityIds.length
      ? { ok: true, epochs: Object.fromEntries(owned) }
      : { ok: false, code: 'identity_moved' };
  }

  /** Wants a session on a node. It is told now, or when it comes back. */
  async apply(nodeId: string, spec: SessionSpec): Promise<void> {
    const known = this.#store.desiredOf(spec.id);
    if (known && (known.ending || known.spec.revision >= spec.revision)) return;
    this.#store.putDesired(nodeId, { spec, ending: null });
    this.#tell(nodeId, { v: 1, type: 'session.apply', spec });
    await this.#watch();
  }

  /** Wants a session ended; kept until {@link forget}, so that a node that is away hears of it. */
  async end(sessionId: string, reason: EndReason): Promise<void> {
    const known = this.#store.desiredOf(sessionId);
    if (!known) return;
    const ending = known.ending ?? reason;
    this.#store.putDesired(known.nodeId, { spec: known.spec, ending });
    this.#tell(known.nodeId, endMessage(sessionId, known.spec.revision, ending));
  }

  /** The session is over on both sides. A node that still runs it is told to end it when it next says so. */
  forget(sessionId: string): void {
    const known = this.#store.desiredOf(sessionId);
    if (!known) return;
    if (!known.ending) this.#tell(known.nodeId, endMessage(sessionId, known.spec.revision, 'error'));
    this.#store.dropDesired(sessionId);
  }

  /** For `/metrics`. */
  stats(): { nodes: number; sessions: number; legs: number } {
    const nodes = this.#store.nodeIds();
    const desired = nodes.flatMap((nodeId) => this.#store.desired(nodeId));
    return {
      nodes: nodes.filter((nodeId) => this.#isHealthy(nodeId)).length,
      sessions: desired.length,
      legs: new Set(desired.flatMap(({ spec }) => spec.legs.map((leg) => leg.legId))).size,
    };
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const attachment = socket.deserializeAttachment() as Attachment;
    const message = parse(data);
    if (!message) {
      this.#error(socket, 'message_malformed', 'Send JSON of the control protocol v1; see docs/protocol.md.');
      return;
    }
    const { nodeId } = attachment;
    this.#store.touchNode(nodeId, Date.now());
    if (message.type === 'hello') {
      if (message.nodeId !== nodeId) {
        this.#error(socket, 'node_mismatch', 'The hello names another node than the signature.');
        return;
      }
      socket.serializeAttachment({ nodeId, ready: true } satisfies Attachment);
      await this.#welcome(socket, message);
      return;
    }
    if (!attachment.ready) {
      this.#error(socket, 'hello_missing', 'Send a hello first.');
      return;
    }
    if (message.type === 'ephemeral') await this.#ephemeral(nodeId, message);
    if (message.type === 'identities') {
      const boot = this.#store.bootOf(nodeId);
      if (boot) this.#claim(socket, nodeId, boot, message.identities);
    }
    if (message.type === 'session.refused') {
      const { code, message: text, sessionId } = message;
      if (this.#store.desiredOf(sessionId)?.nodeId === nodeId) {
        this.#owe(sessionId, { kind: 'refused', code, message: text });
      }
    }
    if (message.type === 'session.tombstone') {
      this.#bury(socket, nodeId, [message.tombstone]);
    }
  }

  override webSocketClose(socket: WebSocket, code: number): Promise<void> {
    reciprocate(socket, code);
    this.#store.touchNode((socket.deserializeAttachment() as Attachment).nodeId, Date.now());
    return this.#watch();
  }

  override webSocketError(_socket: WebSocket, error: unknown): void {
    console.warn('fleet: a control socket broke', error);
  }

  override async alarm(): Promise<void> {
    const due = this.#deadlines.take(Date.now());
    if (due.includes(OUTBOX_DEADLINE)) this.#outbox.kick();
    await this.tick(Date.now());
  }

  /** Gives up nodes that were silent for too long. */
  async tick(now: number): Promise<void> {
    for (const nodeId of this.#store.nodeIds()) {
      if (now - this.#heard(nodeId) < NODE_LOST_MS) continue;
      for (const { spec } of this.#store.desired(nodeId)) {
        this.#store.dropDesired(spec.id);
        this.#owe(spec.id, { kind: 'lost' });
      }
      for (const socket of this.#sockets(nodeId)) socket.close(4000, 'silent for too long');
    }
    await this.#watch();
  }

  /** Keeps an eye on the nodes as long as one of them should run something. */
  async #watch(): Promise<void> {
    const running = this.#store.nodeIds().some((nodeId) => this.#store.desired(nodeId).length > 0);
    if (running) this.#deadlines.setOnce('watch', Date.now() + WATCH_MS);
    else this.#deadlines.clear('watch');
    await this.#deadlines.arm();
  }

  /** Greets a node: leases its identities, buries its dead, then mends the difference. */
  async #welcome(socket: WebSocket, hello: Hello): Promise<void> {
    const { nodeId, bootId } = hello;
    for (const other of this.#sockets(nodeId))
      if (other !== socket) other.close(4001, 'replaced by a newer connection');
    this.#store.putNode(hello, Date.now());
    for (const report of hello.identities) this.#store.setMemberships(report);
    const identities = this.#claim(socket, nodeId, bootId, hello.identities);
    this.#send(socket, { v: 1, type: 'welcome', identities });
    if (hello.tombstones.length > 0) this.#bury(socket, nodeId, hello.tombstones);
    const epochs = this.#store.epochsOf(nodeId);
    const desired = this.#store.desired(nodeId).map((each) => ({ ...each, spec: withEpochs(each.spec, epochs) }));
    for (const each of desired) this.#store.putDesired(nodeId, each);
    for (const message of reconcile(hello.sessions, desired)) this.#send(socket, message);
    await this.#watch();
  }

  #claim(socket: WebSocket, nodeId: string, bootId: string, reports: readonly IdentityReport[]) {
    const granted: { identityId: string; epoch: number }[] = [];
    for (const report of reports) {
      const { identityId } = report;
      this.#store.setMemberships(report);
      const known = this.#store.owner(identityId);
      const owner = known && { ...known, online: this.#sockets(known.nodeId).length > 0 };
      const { granted: mine, epoch } = claimIdentity(owner, { nodeId, bootId });
      const revoked: WorkerMessage = { v: 1, type: 'identity.revoked', identityId, epoch };
      if (!mine) {
        this.#send(socket, revoked);
        continue;
      }
      this.#store.putOwner(identityId, { nodeId, bootId, epoch });
      granted.push({ identityId, epoch });
      if (known && known.nodeId !== nodeId) this.#tell(known.nodeId, revoked);
    }
    return granted;
  }

  /** Ends on the node become ends in the control plane; acknowledged once they are stored here. */
  #bury(socket: WebSocket, nodeId: string, tombstones: Hello['tombstones']): void {
    for (const { sessionId, reason } of tombstones) {
      if (this.#store.desiredOf(sessionId)?.nodeId !== nodeId) continue;
      this.#store.dropDesired(sessionId);
      this.#owe(sessionId, { kind: 'tombstone', reason });
    }
    const sessionIds = tombstones.map((tombstone) => tombstone.sessionId);
    this.#send(socket, { v: 1, type: 'tombstone.ack', sessionIds });
  }

  async #ephemeral(nodeId: string, message: Ephemeral): Promise<void> {
    if (!this.#store.serves(nodeId, message.guildId)) return;
    try {
      await hubOf(this.env, message.guildId).publishEphemeral(message);
    } catch (error) {
      // Newest wins: the next one says it again.
      console.warn('fleet: an ephemeral event was dropped', error);
    }
  }

  #owe(sessionId: string, effect: FleetEffect): void {
    this.#outbox.add(`session:${sessionId}`, effect);
    void this.#deadlines.arm();
    this.#outbox.kick();
  }

  async #deliver(lane: string, effects: FleetEffect[]): Promise<void> {
    const session = sessionOf(this.env, lane.slice('session:'.length));
    for (const effect of effects) {
      if (effect.kind === 'lost') await session.nodeLost();
      if (effect.kind === 'tombstone') await session.tombstone(effect.reason);
      if (effect.kind === 'refused') await session.refused(effect.code, effect.message);
    }
  }

  #sockets(nodeId: string): WebSocket[] {
    return this.ctx.getWebSockets(nodeId).filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  /** When the node was last heard: a message, or a ping that the runtime answered for us. */
  #heard(nodeId: string): number {
    const pings = this.#sockets(nodeId).map(
      (socket) => this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0,
    );
    return Math.max(this.#store.lastSeen(nodeId), ...pings);
  }

  /** Connected, greeted and not suspect. */
  #isHealthy(nodeId: string): boolean {
    const ready = this.#sockets(nodeId).some((socket) => (socket.deserializeAttachment() as Attachment).ready);
    return ready && Date.now() - this.#heard(nodeId) < NODE_SUSPECT_MS;
  }

  #tell(nodeId: string, message: WorkerMessage): void {
    for (const socket of this.#sockets(nodeId)) {
      if ((socket.deserializeAttachment() as Attachment).ready) this.#send(socket, message);
    }
  }

  #send(socket: WebSocket, message: WorkerMessage): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  #error(socket: WebSocket, code: string, message: string): void {
    this.#send(socket, { v: 1, type: 'error', code, message });
  }
}

function parse(data: string | ArrayBuffer): NodeMessage | null {
  if (typeof data !== 'string') return null;
  try {
    return nodeMessageSchema.safeParse(JSON.parse(data)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
