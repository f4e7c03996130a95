import { ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import type { RecordRule } from '../../guild/record-policy.ts';
import { type CommandContext, command, numberOption, ownGuild, textOption } from '../command.ts';
import { refusal, reply } from '../words.ts';
import { setupChannelOption, voiceChannel } from './options.ts';

/** One rule for each thing that was named: any of them is enough. */
function rulesOf(context: CommandContext, channelId: string, channelName: string): RecordRule[] {
  const [least, userId, roleId] = [
    numberOption(context, 'people'),
    textOption(context, 'person'),
    textOption(context, 'role'),
  ];
  const named = (id: string) => `${channelName}: ${context.names.get(id) ?? id}`.slice(0, 100);
  const rules: RecordRule[] = [];
  if (least !== undefined) rules.push({ kind: 'people', channelId, least, name: channelName.slice(0, 80) });
  if (userId !== undefined) rules.push({ kind: 'user', channelId, userId, name: named(userId) });
  if (roleId !== undefined) rules.push({ kind: 'role', channelId, roleId, name: named(roleId) });
  return rules;
}

/** `/setup record channel`: records a channel when so many people are there, a person, or somebody with a role. */
export const setupRecordChannel = command({
  key: 'command.setup.record.channel',
  rule: 'setup',
  options: [
    setupChannelOption,
    { key: 'option.record-people', type: Type.Integer, min: 1, max: 99 },
    { key: 'option.record-user', type: Type.User },
    { key: 'option.record-role', type: Type.Role },
  ],
  run: async (context) => {
    const channel = voiceChannel(context);
    if (channel === null) return refusal(context.say('voice_channel_needed'), 'voice_channel_needed');
    if ('refused' in channel) return channel.refused;
    const add = rulesOf(context, channel.channelId, channel.name);
    if (add.length === 0) return refusal(context.say('nothing_given'), 'nothing_given');
    return reply(context.language, await ownGuild(context).setRecordRule({ add }));
  },
});
