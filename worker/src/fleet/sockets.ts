import {
  NODE_SUSPECT_MS,
  type NodeMessage,
  nodeMessageSchema,
  type WorkerMessage,
} from '@patchbay/shared/control-messages';
import type { FleetStore } from './store.ts';

/** Survives hibernation with its socket. */
interface Attachment {
  nodeId: string;
  /** After its hello; earlier messages are refused. */
  ready: boolean;
}

/** The control sockets of the voice nodes: whose they are, when each was last heard, and what is said on them. */
export class ControlSockets {
  readonly #ctx: DurableObjectState;
  readonly #store: FleetStore;

  constructor(ctx: DurableObjectState, store: FleetStore) {
    this.#ctx = ctx;
    this.#store = store;
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair('ping', 'pong'));
  }

  /** Accepts the upgrade of a node's socket; the node is not healthy before its hello. */
  accept(nodeId: string): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.#ctx.acceptWebSocket(server, [nodeId]);
    server.serializeAttachment({ nodeId, ready: false } satisfies Attachment);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Whose socket it is, and whether its hello came. */
  about(socket: WebSocket): Attachment {
    return socket.deserializeAttachment() as Attachment;
  }

  markReady(socket: WebSocket, nodeId: string): void {
    socket.serializeAttachment({ nodeId, ready: true } satisfies Attachment);
  }

  /** The open sockets of a node: one, or two while a newer replaces an older. */
  of(nodeId: string): WebSocket[] {
    return this.#ctx.getWebSockets(nodeId).filter((socket) => socket.readyState === WebSocket.OPEN);
  }

  /** When the node was last heard: a message, or a ping that the runtime answered for us. */
  heard(nodeId: string): number {
    const pings = this.of(nodeId).map((socket) => this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0);
    return Math.max(this.#store.lastSeen(nodeId), ...pings);
  }

  /** Connected, greeted and not suspect. */
  isHealthy(nodeId: string): boolean {
    const ready = this.of(nodeId).some((socket) => this.about(socket).ready);
    return ready && Date.now() - this.heard(nodeId) < NODE_SUSPECT_MS;
  }

  /** Says something to a node, if it is there and was greeted. */
  tell(nodeId: string, message: WorkerMessage): void {
    for (const socket of this.of(nodeId)) if (this.about(socket).ready) this.send(socket, message);
  }

  send(socket: WebSocket, message: WorkerMessage): void {
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  }

  refuse(socket: WebSocket, code: string, message: string): void {
    this.send(socket, { v: 1, type: 'error', code, message });
  }
}

/** What a node said; `null` when it is no message of the control protocol. */
export function parseNodeMessage(data: string | ArrayBuffer): NodeMessage | null {
  if (typeof data !== 'string') return null;
  try {
    return nodeMessageSchema.safeParse(JSON.parse(data)).data ?? null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
