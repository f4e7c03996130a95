/** Discord's error answers (https://discord.com/developers/docs/topics/opcodes-and-status-codes#json). */
import { RESTJSONErrorCodes as Code } from 'discord-api-types/v10';
import type { z } from 'zod';
import type { WorldErrorCode } from '../world/errors.ts';
import { type FormError, formErrorOf } from './form-errors.ts';

export type ApiStatus = 400 | 401 | 403 | 404 | 405 | 413 | 500;

export class ApiError extends Error {
  readonly status: ApiStatus;
  readonly code: number;
  /** Discord's tree: `{ nick: { _errors: [{ code, message }] } }`. */
  readonly errors: unknown;
  constructor(status: ApiStatus, code: number, message: string, errors?: unknown) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.errors = errors;
  }

  body(): { message: string; code: number; errors?: unknown } {
    return {
      message: this.message,
      code: this.code,
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}

export const notFound = () => new ApiError(404, 0, '404: Not Found');
export const methodNotAllowed = () => new ApiError(405, 0, '405: Method Not Allowed');
export const invalidVersion = () => new ApiError(404, Code.InvalidAPIVersion, 'Invalid API version');
export const unauthorized = () => new ApiError(401, 0, '401: Unauthorized');
export const missingAccess = () => new ApiError(403, Code.MissingAccess, 'Missing Access');
export const missingPermissions = () => new ApiError(403, Code.MissingPermissions, 'Missing Permissions');
export const emptyMessage = () => new ApiError(400, Code.CannotSendAnEmptyMessage, 'Cannot send an empty message');
export const unknownInteraction = () => new ApiError(404, Code.UnknownInteraction, 'Unknown interaction');
export const unknownWebhook = () => new ApiError(404, Code.UnknownWebhook, 'Unknown Webhook');
export const unknownMessage = () => new ApiError(404, Code.UnknownMessage, 'Unknown Message');
export const notInVoice = () =>
  new ApiError(400, Code.TargetUserIsNotConnectedToVoice, 'Target user is not connected to voice.');

/** 50035 with the tree that points at each wrong field. */
export function invalidForm(error: z.ZodError): ApiError {
  return formRefusal(
    error.issues.map((issue) => {
      // Discord blames the component as a whole for a type that cannot stand there, zod its `type`.
      const isUnion = issue.code === 'invalid_union' && 'options' in issue;
      return [isUnion ? issue.path.slice(0, -1) : issue.path, formErrorOf(issue)];
    }),
  );
}

/** 50035 for what no schema can tell. */
export function formRefusal(wrong: [path: readonly PropertyKey[], error: FormError][]): ApiError {
  const tree: Record<string, unknown> = {};
  for (const [path, error] of wrong) {
    let node = tree;
    for (const part of path) {
      const key = String(part);
      const child = (node[key] as Record<string, unknown> | undefined) ?? {};
      node[key] = child;
      node = child;
    }
    const list = (node._errors as unknown[] | undefined) ?? [];
    node._errors = [...list, error];
  }
  return new ApiError(400, Code.InvalidFormBodyOrContentType, 'Invalid Form Body', tree);
}

export const wrongId = (name: string, value: string) =>
  formRefusal([[[name], { code: 'NUMBER_TYPE_COERCE', message: `Value "${value}" is not snowflake.` }]]);

/** What each refusal of the world is called on Discord. */
export const worldErrors: Record<WorldErrorCode, [ApiStatus, number, string]> = {
  unknown_application: [404, Code.UnknownApplication, 'Unknown Application'],
  unknown_user: [404, Code.UnknownUser, 'Unknown User'],
  unknown_guild: [404, Code.UnknownGuild, 'Unknown Guild'],
  unknown_member: [404, Code.UnknownMember, 'Unknown Member'],
  unknown_role: [404, Code.UnknownRole, 'Unknown Role'],
  unknown_channel: [404, Code.UnknownChannel, 'Unknown Channel'],
  unknown_message: [404, Code.UnknownMessage, 'Unknown Message'],
  unknown_webhook: [404, Code.UnknownWebhook, 'Unknown Webhook'],
  unknown_permission: [400, Code.InvalidFormBodyOrContentType, 'Invalid Form Body'],
  banned: [403, Code.UserBannedFromThisGuild, 'The user is banned from this guild.'],
  not_a_voice_channel: [400, Code.CannotExecuteActionOnThisChannelType, 'Cannot execute action on this channel type'],
  not_a_text_channel: [400, Code.CannotExecuteActionOnThisChannelType, 'Cannot execute action on this channel type'],
  not_in_voice: [400, Code.TargetUserIsNotConnectedToVoice, 'Target user is not connected to voice.'],
  not_a_bot: [400, Code.InvalidFormBodyOrContentType, 'Invalid Form Body'],
  not_a_person: [400, Code.InvalidFormBodyOrContentType, 'Invalid Form Body'],
};

/** 50035 that points at one field. */
export function formError(path: readonly string[], code: string, message: string): ApiError {
  const leaf: unknown = { _errors: [{ code, message }] };
  const tree = path.reduceRight((inner, key) => ({ [key]: inner }), leaf);
  return new ApiError(400, Code.InvalidFormBodyOrContentType, 'Invalid Form Body', tree);
}
