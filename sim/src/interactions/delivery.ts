/** How interactions reach an application: by HTTP to its URL, or over its gateway when it has none. */
import { filesOf, withFiles } from '../rest/upload.ts';
import type { Application } from '../world/model.ts';
import type { World } from '../world/world.ts';
import { signedRequest, type Variant } from './signature.ts';

/** The gateway's side: true when a session of the bot was given the event. */
export type GatewayDelivery = (botUserId: string, guildId: string | undefined, payload: unknown) => boolean;

export interface HttpAnswer {
  status: number;
  ok: boolean;
  text: string;
  /** The body, read; of a form its `payload_json` with the files in `data`. Undefined when it is no JSON. */
  json: unknown;
}

/** Sends one interaction; throws what `fetch` throws when nothing came before `overTime`. */
export async function postInteraction(
  url: string,
  payload: unknown,
  application: Application,
  variant: Variant,
  limitMs: number,
): Promise<HttpAnswer> {
  const request = signedRequest(JSON.stringify(payload), application.privateKey, variant);
  const post = () =>
    fetch(url, { method: 'POST', ...request, signal: AbortSignal.timeout(limitMs), redirect: 'manual' });
  if (variant === 'replayed') await (await post()).arrayBuffer();
  const response = await post();
  const { status, ok } = response;
  if (response.headers.get('content-type')?.startsWith('multipart/form-data')) {
    const form = await response.formData();
    const text = String(form.get('payload_json') ?? '');
    return { status, ok, text, json: withFiles(jsonOrUndefined(text), await filesOf(form)) };
  }
  const text = await response.text();
  return { status, ok, text, json: jsonOrUndefined(text) };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the callback's schema says what is wrong: no answer at all
  }
}

/** Follow-ups that an application may send where it is installed for the person alone. */
export const userInstallFollowUps = 5;

/** Is the application here only because the person brought it along? */
export function onlyUserInstalled(world: World, application: Application, guildId: string | undefined): boolean {
  return guildId !== undefined && !world.guild(guildId).members.has(application.botUserId);
}
