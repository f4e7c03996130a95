import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { fleetOf } from '../../env.ts';
import { command, ownGuild, textOption } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { defaultChannelOption, voiceChannel } from './options.ts';

/** `/setup relay`: text goes between the chats of the voice channels of a call; for a channel, or for all of the server. */
export const setupRelay = command({
  key: 'command.setup.relay',
  rule: 'setup',
  options: [
    { key: 'option.state', type: Type.String, required: true, choices: { on: 'state.on', off: 'state.off' } },
    defaultChannelOption,
  ],
  run: async (context) => {
    const { env, guildId, language, say } = context;
    const channel = voiceChannel(context);
    if (channel && 'refused' in channel) return channel.refused;
    const state = textOption(context, 'state');
    if (state !== 'on' && state !== 'off') return refusal(say('answer.wrong_relay'), 'wrong_relay');
    const relay = state === 'on';
    if (relay && !(await fleetOf(env).canRelay(guildId))) return refusal(say('relay_unavailable'), 'relay_unavailable');
    const answer = await ownGuild(context).change(channel?.channelId ?? null, { relay });
    return [reply(language, answer), ...(answer.ok ? [say(relay ? 'relay_on' : 'relay_off')] : [])].join('\n');
  },
});
