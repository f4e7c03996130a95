/**
 * Guards the MLS messages of the voice websocket. @discordjs/voice 0.19.2 lets davey's exceptions escape from its `message`
 * handler: one refused proposal ends the process, and with a global handler the websocket is wedged for good.
 */
import { Networking } from '@discordjs/voice';
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
interface Recoverable {
  reinitializing: boolean;
  lastTransitionId?: number;
  recoverFromInvalidTransition(transitionId: number): void;
}
interface GuardedNetworking {
  onWsBinary(message: BinaryMessage): void;
  state: { dave?: Recoverable };
  emit(event: string, ...args: unknown[]): boolean;
}

let installed = false;

/** Installs the guard once, before the first connection: `Networking` binds the method in its constructor. */
export function guardBinaryMessages(): void {
  if (installed) return;
  installed = true;
  const prototype = Networking.prototype as unknown as GuardedNetworking;
  const original = prototype.onWsBinary;
  prototype.onWsBinary = function guarded(this: GuardedNetworking, message: BinaryMessage): void {
    try {
      original.call(this, message);
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
}
