/**
 * Types alone, nothing at run time: what the hub sends (`shared/src/hub-protocol.ts`) must fit what this package tells its
 * users. A payload that drifts makes `npm run types` fail here.
 */
import type { HubEvents } from '@patchbay/shared/hub-protocol';
import type { VoiceEvents } from './protocol.ts';

/** Events of the hub whose payload is not what the client's types promise. */
type Drifted = {
  [N in keyof HubEvents & keyof VoiceEvents]: HubEvents[N] extends VoiceEvents[N] ? never : N;
}[keyof HubEvents & keyof VoiceEvents];

/** `never`, or the build stops. */
export type ContractKept = [Drifted] extends [never] ? true : Drifted;
export const contractKept: ContractKept = true;
