/** Asks for the way back into a voice channel: `POST /api/guilds/:guildId/voice/rejoin`. */
import { VoiceEventsError } from './errors.ts';

/**
 * `link`: Discord lets nobody be pulled into voice from outside, so the member follows one of the links. `moved`: they were
 * in another channel, and the bot moved them. Either way success is told by the `voice.joined` event, not by this answer.
 */
export type RejoinAnswer = { kind: 'link'; web: string; app: string } | { kind: 'moved' };

/** So long the answer may take, in ms: Patchbay asks Discord meanwhile. */
const LIMIT_MS = 15_000;

/** @throws {VoiceEventsError} with a `RejoinErrorCode` and a sentence for the member */
export async function requestRejoin(
  url: string,
  getToken: () => Promise<string>,
  channelId: string,
): Promise<RejoinAnswer> {
  let answer: Response;
  let body: { kind?: string; code?: string; message?: string; error?: { code?: string; message?: string } };
  try {
    answer = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${await getToken()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channelId }),
      signal: AbortSignal.timeout(LIMIT_MS),
    });
    body = await answer.json();
  } catch (error) {
    if (error instanceof VoiceEventsError) throw error;
    throw new VoiceEventsError('connection_lost', 'Patchbay cannot be reached. Try again in a moment.');
  }
  if (answer.ok && body.kind) return body as RejoinAnswer;
  const { code = 'discord_unavailable', message = 'Something went wrong. Try again.' } = body.error ?? body;
  throw new VoiceEventsError(code, message);
}
