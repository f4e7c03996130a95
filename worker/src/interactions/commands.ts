/** Every command, in Discord's registration format; `npm run commands:register` sends it. */
import {
  ChannelType,
  ApplicationCommandOptionType as Option,
  PermissionFlagsBits,
  type RESTPutAPIApplicationCommandsJSONBody,
} from 'discord-api-types/v10';

const channel = (description: string, required: boolean) => ({
  type: Option.Channel as const,
  name: 'channel',
  description,
  required,
  channel_types: [ChannelType.GuildVoice as const],
});

export const commands: RESTPutAPIApplicationCommandsJSONBody = [
  {
    name: 'call',
    description: 'Talk with another server',
    // Only inside servers: 0 = guild.
    contexts: [0],
    options: [
      { type: Option.Subcommand, name: 'join', description: 'Queue the voice channel that you are in' },
      {
        type: Option.Subcommand,
        name: 'stop',
        description: 'End the call or leave the queue',
        options: [channel('The channel to stop; yours by default', false)],
      },
      {
        type: Option.Subcommand,
        name: 'status',
        description: 'What a voice channel is doing',
        options: [channel('The channel to look at; yours by default', false)],
      },
    ],
  },
  {
    name: 'desk',
    description: 'The staff side of a support call',
    contexts: [0],
    options: [
      { type: Option.Subcommand, name: 'hold', description: 'Put the caller on hold' },
      { type: Option.Subcommand, name: 'resume', description: 'Take the caller back' },
      {
        type: Option.Subcommand,
        name: 'transfer',
        description: 'Hand the call on to another staff channel',
        options: [channel('The staff channel', true)],
      },
      {
        type: Option.Subcommand,
        name: 'invite',
        description: 'Bring another staff channel in',
        options: [channel('The staff channel', true)],
      },
    ],
  },
  {
    name: 'monitor',
    description: 'Let the voice channel that you are in listen to a running call; everybody in it is told',
    contexts: [0],
    default_member_permissions: String(PermissionFlagsBits.ManageGuild),
    options: [channel('The channel whose call to listen to; the oldest call by default', false)],
  },
  {
    name: 'monitors',
    description: 'Whether monitors of other servers may listen to calls with this one',
    contexts: [0],
    default_member_permissions: String(PermissionFlagsBits.ManageGuild),
    options: [
      { type: Option.Subcommand, name: 'allow', description: 'They may, and are announced' },
      { type: Option.Subcommand, name: 'deny', description: 'They may not (the default)' },
    ],
  },
  {
    name: 'setup',
    description: 'Queue a voice channel whenever people join it',
    contexts: [0],
    default_member_permissions: String(PermissionFlagsBits.ManageGuild),
    options: [
      channel('The voice channel', true),
      { type: Option.Boolean, name: 'record', description: 'Record the calls of this channel (default: no)' },
      {
        type: Option.String,
        name: 'after',
        description: 'What the channel does after a call (default: queue again)',
        choices: [
          { name: 'Queue again', value: 'requeue' },
          { name: 'Rest until people come again', value: 'idle' },
          { name: 'Queue again after a pause', value: 'cooldown' },
        ],
      },
    ],
  },
];
