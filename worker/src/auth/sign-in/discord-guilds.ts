import { type DiscordTokens, type OAuth2Answer, readGuildIds, renewTokens } from '../../discord/oauth2.ts';
import type { Settings } from '../../env.ts';

/** Tokens that end within this time are renewed first. Milliseconds. */
const SPARE_MS = 60_000;

/**
 * The servers that the person is in now. Tokens that Discord renewed on the way go to `keep` at once: the old ones are used up, and
 * would be lost with whatever fails afterwards. `refused`: the person (or Discord) has taken the authorization back.
 */
export async function currentGuilds(
  settings: Settings,
  tokens: DiscordTokens,
  keep: (tokens: DiscordTokens) => Promise<void>,
): Promise<OAuth2Answer<string[]>> {
  let inHand = tokens;
  const renew = async (): Promise<OAuth2Answer<string[]> | undefined> => {
    const renewed = await renewTokens(settings, inHand.refresh);
    if (!renewed.ok) return renewed;
    inHand = renewed.value;
    await keep(inHand);
    return undefined;
  };
  if (tokens.expiresAt - SPARE_MS < Date.now()) {
    return (await renew()) ?? readGuildIds(settings, inHand.access);
  }
  const guilds = await readGuildIds(settings, inHand.access);
  if (guilds.ok || guilds.problem === 'unavailable') return guilds;
  // An access token may end before its time; only a refused refresh token is an answer.
  return (await renew()) ?? readGuildIds(settings, inHand.access);
}
