import { PatchbayError } from '@patchbay/shared/errors';
import { count } from '../metrics/registry.ts';

/** A `fetch` from a Worker to Discord has been seen never to resolve: each try has a limit. */
const TRY_MS = 3_000;
const TRIES = 3;
const LABELS = { method: 'PATCH', route: '/webhooks/:id/:token/messages/@original' };

/**
 * Edits the answer of a deferred interaction. Repeating it changes nothing, so it is tried again on errors and on 429.
 *
 * @throws {PatchbayError} `discord_unavailable` after the last try
 */
export async function editOriginal(
  apiUrl: string,
  applicationId: string,
  token: string,
  content: string,
  components: readonly object[] = [],
): Promise<void> {
  const url = `${apiUrl}/v10/webhooks/${applicationId}/${encodeURIComponent(token)}/messages/@original`;
  let problem = 'no answer';
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await scheduler.wait(250 * 2 ** attempt);
    try {
      const response = await fetch(url, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          content,
          allowed_mentions: { parse: [] },
          ...(components.length > 0 ? { components } : {}),
        }),
        signal: AbortSignal.timeout(TRY_MS),
      });
      count('patchbay_discord_requests_total', { ...LABELS, status: String(response.status) });
      await response.body?.cancel();
      if (response.ok) return;
      problem = `status ${response.status}`;
      if (response.status < 500 && response.status !== 429) break;
    } catch (error) {
      count('patchbay_discord_requests_total', { ...LABELS, status: 'none' });
      problem = error instanceof Error ? error.name : 'error';
    }
  }
  // The URL holds the interaction's token and stays out of the message.
  throw new PatchbayError('discord_unavailable', `Discord did not take the answer of an interaction (${problem}).`);
}
