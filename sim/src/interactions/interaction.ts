/** An interaction and what became of it. Plain data; `Interactions` is the only writer. */
import type { Modal } from './modal.ts';

export type Outcome =
  | 'message'
  | 'deferred'
  | 'updated'
  | 'deferred_update'
  | 'modal'
  | 'choices'
  | 'pong'
  | 'did_not_respond'
  | 'refused';

/** Discord's interaction types. */
export const Kind = { Ping: 1, Command: 2, Component: 3, Autocomplete: 4, Modal: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface Choice {
  name: string;
  value: string | number;
}

export interface Interaction {
  id: string;
  token: string;
  applicationId: string;
  kind: Kind;
  /** Empty for a PING. */
  channelId: string;
  guildId: string | undefined;
  userId: string;
  createdAt: number;
  state: 'waiting' | 'answered' | 'failed';
  outcome: Outcome | undefined;
  /** HTTP status of the application's answer; undefined when there was none (or it came by the callback route). */
  status: number | undefined;
  /** What the application's answer said, when it was not an accepted answer (first 2,000 characters). */
  refusal: string | undefined;
  latencyMs: number | undefined;
  /** The message the component (or the modal's opener) is on. */
  sourceMessageId: string | undefined;
  /** Of a command: what the answering message says of it. */
  command: { type: number; name: string } | undefined;
  /** Of autocomplete: the type of the option that is being typed. */
  focusedType: number | undefined;
  /** `@original`: the answer, or the source message after an update. */
  responseId: string | undefined;
  followUpIds: string[];
  /** The modal that the answer opened, until the person has sent it. */
  modal: Modal | undefined;
  choices: Choice[] | undefined;
}

/** What the application is sent, before it becomes an {@link Interaction}. */
export interface Outgoing {
  kind: Kind;
  channelId: string;
  guildId: string | undefined;
  userId: string;
  /** The interaction object of Discord's documentation. */
  payload: { id: string; token: string } & Record<string, unknown>;
  sourceMessageId?: string | undefined;
  command?: { type: number; name: string } | undefined;
  focusedType?: number | undefined;
}
