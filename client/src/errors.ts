/** Why the client gave up, or a rejoin was refused. */
export type VoiceEventsErrorCode =
  | 'token_refused'
  | 'not_your_guild'
  | 'connection_lost'
  | 'address_refused'
  | RejoinErrorCode
  | (string & Record<never, never>);

/** What `rejoin` may be refused with; `connection_lost` when there was no answer at all. */
export type RejoinErrorCode =
  | 'not_in_guild'
  | 'channel_gone'
  | 'no_permission'
  | 'channel_full'
  | 'discord_unavailable'
  | 'token_refused'
  | 'too_many_requests'
  | 'connection_lost';

/** Every error of this package: a code for programs, a sentence for people. */
export class VoiceEventsError extends Error {
  readonly code: VoiceEventsErrorCode;

  constructor(code: VoiceEventsErrorCode, message: string) {
    super(message);
    this.name = 'VoiceEventsError';
    this.code = code;
  }
}

/** Close code: the token was refused, or it ran out. */
export const TOKEN_REFUSED = 4001;
/** Close code: the token does not speak for this server. */
export const NOT_YOUR_GUILD = 4003;
/** Close code of a connection that broke without one. */
export const LOST = 1006;
