/** Makes the two guilds in the simulator and sets them up as their admins would, by slash commands. */
import type { SimControl } from '@patchbay/sim/control-client';
import type { Application } from '../stack/stack.ts';
import { type Part, sides } from './cast.ts';

export interface PlayedSide {
  guildId: string;
  guildName: string;
  ownerId: string;
  channelId: string;
  channelName: string;
  textChannelId: string;
  members: { userId: string; voice: Part['voice']; name: string }[];
}

/** Two guilds with a voice channel, two members and the bot each. Nobody has joined yet. */
export async function makeWorld(sim: SimControl, application: Application): Promise<[PlayedSide, PlayedSide]> {
  const played: PlayedSide[] = [];
  for (const side of sides) {
    const { guildId, ownerId } = await sim.createGuild({ name: side.guildName });
    const { channelId } = await sim.createVoiceChannel(guildId, { name: side.channelName });
    const { channelId: textChannelId } = await sim.createTextChannel(guildId, { name: 'general' });
    await sim.addBot(guildId, application.botUserId);
    const members: PlayedSide['members'] = [];
    for (const { voice, name } of side.members) {
      const { userId } = await sim.createMember(guildId, { name });
      members.push({ userId, voice, name });
    }
    const { guildName, channelName } = side;
    played.push({ guildId, guildName, ownerId, channelId, channelName, textChannelId, members });
  }
  const [left, right] = played as [PlayedSide, PlayedSide];
  // The page is opened for both guilds by this person: it shows each to its members alone.
  await sim.addMember(right.guildId, left.ownerId);
  return [left, right];
}

/** `/setup`: from now on this channel is queued when people join it, and rests after a call. Returns what the bot answered. */
export async function configure(
  sim: SimControl,
  application: Application,
  side: PlayedSide,
  { record = true }: { record?: boolean } = {},
): Promise<string> {
  const channel = { name: 'channel', type: 7, value: side.channelId };
  const setup = async (name: string, option: { name: string; type: number; value: string | boolean }) => {
    const answer = await sim.command({
      applicationId: application.applicationId,
      guildId: side.guildId,
      channelId: side.textChannelId,
      userId: side.ownerId,
      name: 'setup',
      options: [{ name, type: 1, options: [channel, option] }],
    });
    if (answer.outcome !== 'message') throw new Error(`/setup ${name} was not answered: ${JSON.stringify(answer)}`);
    return answer.message?.content ?? '';
  };
  await setup('after-end', { name: 'policy', type: 3, value: 'idle' });
  return setup('channel', { name: 'record', type: 5, value: record });
}
