/** Options that several commands share. */
import { ChannelType, ApplicationCommandOptionType as Type } from 'discord-api-types/v10';
import { ANONYMOUS } from '../../guild/reserving.ts';
import type { CommandContext, OptionSpec } from '../command.ts';
import { refusal } from '../words.ts';

const voice = [ChannelType.GuildVoice, ChannelType.GuildStageVoice] as const;

/** The voice channel that a command is about. */
export const channelOption: OptionSpec = { key: 'option.channel', type: Type.Channel, channelTypes: voice };
export const setupChannelOption: OptionSpec = {
  key: 'option.setup-channel',
  type: Type.Channel,
  channelTypes: voice,
  required: true,
};
/** The staff channel that a support call goes to. */
export const deskChannelOption: OptionSpec = {
  key: 'option.desk-channel',
  type: Type.Channel,
  channelTypes: voice,
  required: true,
};
/** The channel whose recordings are asked for. */
export const recordedChannelOption: OptionSpec = {
  key: 'option.recorded-channel',
  type: Type.Channel,
  channelTypes: voice,
};
/** The channel whose call a monitor listens to. */
export const monitoredChannelOption: OptionSpec = {
  key: 'option.monitored-channel',
  type: Type.Channel,
  channelTypes: voice,
};
/** A category of voice channels. */
export const categoryOption: OptionSpec = {
  key: 'option.category',
  type: Type.Channel,
  channelTypes: [ChannelType.GuildCategory],
  required: true,
};
/** Without it a setting is the server's default. */
export const defaultChannelOption: OptionSpec = {
  key: 'option.default-channel',
  type: Type.Channel,
  channelTypes: voice,
};

/** A server's name, in the reader's language where it has none. */
export const serverName = ({ say }: CommandContext, name: string): string =>
  name === '' || name === ANONYMOUS ? say('partner.anonymous') : name;

/** The voice channel that the option `channel` names: `null` without the option, a refusal when it is no voice channel. */
export function voiceChannel(
  context: CommandContext,
): { channelId: string; name: string } | { refused: string } | null {
  const channelId = context.options.get('channel');
  if (channelId === undefined) return null;
  const channel = context.channels[String(channelId)];
  const known: readonly (number | undefined)[] = voice;
  if (!known.includes(channel?.type)) {
    return { refused: refusal(context.say('voice_channel_needed'), 'voice_channel_needed') };
  }
  return { channelId: String(channelId), name: channel?.name ?? '' };
}
