/**
 * Guards the MLS messages of the voice websocket. @discordjs/voice 0.19.2 lets davey's exceptions escape from its `message`
 * handler: one refused proposal ends the process, and with a global handler the websocket is wedged for good. And it ignores what
 * is replayed on a resume ahead of op 9: the client would stay in an epoch that is over, deaf and unheard, and call itself ready.
 */
import { Networking, NetworkingStatusCode } from '@discordjs/voice';
import { VoiceOpcodes } from 'discord-api-types/voice/v8';

/** Emitted on a `Networking` after each MLS message: the group may be ready now. */
export const MLS_PROGRESS = 'patchbay.mls';
/** Emitted on a `Networking` when an MLS message was refused; the argument is the error. */
export const MLS_REFUSED = 'patchbay.mlsRefused';

interface BinaryMessage {
  op: number;
  payload: Buffer;
  seq: number;
}
interface Packet {
  op: number;
}
interface Recoverable {
  reinitializing: boolean;
  lastTransitionId?: number;
  recoverFromInvalidTransition(transitionId: number): void;
}
interface GuardedNetworking {
  onWsBinary(message: BinaryMessage): void;
  onWsPacket(packet: Packet): void;
  state: { code: number; dave?: Recoverable };
  on(event: 'stateChange', listener: () => void): unknown;
  off(event: 'stateChange', listener: () => void): unknown;
  emit(event: string, ...args: unknown[]): boolean;
}

/** JSON messages about the group: held with the binary ones, so that their order stays. */
const daveOps: ReadonlySet<number> = new Set([
  VoiceOpcodes.DavePrepareTransition,
  VoiceOpcodes.DaveExecuteTransition,
  VoiceOpcodes.DavePrepareEpoch,
]);

/** What came about the group while a networking was resuming. */
const held = new WeakMap<GuardedNetworking, (() => void)[]>();

let installed = false;

/** Installs the guard once, before the first connection: `Networking` binds the methods in its constructor. */
export function guardBinaryMessages(): void {
  if (installed) return;
  installed = true;
  const prototype = Networking.prototype as unknown as GuardedNetworking;
  const { onWsBinary, onWsPacket } = prototype;
  prototype.onWsBinary = function guarded(this: GuardedNetworking, message: BinaryMessage): void {
    if (hold(this, () => this.onWsBinary(message))) return;
    try {
      onWsBinary.call(this, message);
    } catch (error) {
      const { dave } = this.state;
      if (dave && (message.op === VoiceOpcodes.DaveMlsProposals || message.op === VoiceOpcodes.DaveMlsExternalSender)) {
        // Op 31 and a new key package: the server takes this client out of the group and adds it again.
        dave.reinitializing = false;
        dave.recoverFromInvalidTransition(dave.lastTransitionId ?? 0);
      }
      this.emit(MLS_REFUSED, error);
    }
    this.emit(MLS_PROGRESS);
  };
  prototype.onWsPacket = function guarded(this: GuardedNetworking, packet: Packet): void {
    if (daveOps.has(packet.op) && hold(this, () => this.onWsPacket(packet))) return;
    onWsPacket.call(this, packet);
  };
}

/** Keeps a message until op 9 has come; `false` when it may be handled now. */
function hold(networking: GuardedNetworking, handle: () => void): boolean {
  if (networking.state.code !== NetworkingStatusCode.Resuming) return false;
  const waiting = held.get(networking);
  if (waiting) {
    waiting.push(handle);
    return true;
  }
  const queue = [handle];
  held.set(networking, queue);
  const look = (): void => {
    const { code } = networking.state;
    if (code === NetworkingStatusCode.Resuming) return;
    networking.off('stateChange', look);
    held.delete(networking);
    // A resume that failed begins a new group: what was meant for the old one is void.
    if (code === NetworkingStatusCode.Ready) for (const each of queue) each();
  };
  networking.on('stateChange', look);
  return true;
}
