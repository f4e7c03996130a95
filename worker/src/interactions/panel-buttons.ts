/** The buttons of a panel: the same acts as `/call next`, `stop` and `report`, under the same rules. */
import { ComponentType, InteractionResponseType, TextInputStyle } from 'discord-api-types/v10';
import { readTranscriptButton } from '../captions/render.ts';
import { type Env, guildOf } from '../env.ts';
import { buttonId, type PanelAction, readButtonId } from '../panel/render.ts';
import { readLinksButton } from '../recording/report-message.ts';
import type { Link } from './links.ts';
import { judge, permissionKey, type Rule } from './permissions.ts';
import { pressLinks } from './recordings.ts';
import { COMPONENT, type CommandInteraction, MODAL, type PressInteraction } from './schema.ts';
import { languageOf, text } from './texts/texts.ts';
import { pressTranscript } from './transcript-button.ts';
import { refusal, reply } from './words.ts';

/** The longest reason of a report, in characters. */
const REASON_LENGTH = 500;

/** A button does what its command does. */
const rules: Record<PanelAction, Rule> = { next: 'call.next', stop: 'call.stop', report: 'call.report' };

export const isPress = (interaction: CommandInteraction | PressInteraction): interaction is PressInteraction =>
  interaction.type === COMPONENT || interaction.type === MODAL;

/** What a press comes to: a sentence for the person, or a form for them to fill in. */
export type PressAnswer = { content: string; links?: readonly Link[] } | { modal: object };

/** A button of a panel was pressed, or its form sent. Something that is no panel's is answered with a sentence. */
export async function press(env: Env, interaction: PressInteraction): Promise<PressAnswer> {
  const { data, guild_id: guildId = '', member, locale, guild_locale: guildLocale } = interaction;
  const language = languageOf(locale, guildLocale);
  const say = (key: Parameters<typeof text>[1], values?: Record<string, string | number>) =>
    text(language, key, values);
  const recordingId = readLinksButton(data.custom_id);
  if (recordingId !== undefined && member) return pressLinks(env, interaction, recordingId);
  const transcript = readTranscriptButton(data.custom_id);
  if (transcript !== undefined && member) return pressTranscript(env, interaction, transcript);
  const button = readButtonId(data.custom_id);
  if (!button || !member) return { content: refusal(say('unknown_button'), 'unknown_button') };
  const guild = guildOf(env, guildId);
  const { own, target, staffRole } = await guild.locate(member.user.id, button.channelId);
  const inChannel = own === button.channelId;
  const person = { permissions: BigInt(member.permissions), roleIds: member.roles, inChannel, staffRole };
  const lack = judge(rules[button.action], person);
  if (!target) return { content: refusal(say('unknown_button'), 'unknown_button') };
  if (lack && 'permission' in lack) {
    const values = { permission: say(permissionKey(lack.permission)), channel: button.channelId };
    return { content: refusal(say(lack.kind, values), lack.kind) };
  }
  const { channelId, sessionId, action } = button;
  // A report is of the call that the panel showed; the other buttons must not hit a later call.
  if (action !== 'report' && sessionId !== undefined && (await guild.sessionOf(channelId)) !== sessionId) {
    return { content: refusal(say('panel_stale'), 'panel_stale') };
  }
  if (action !== 'report') return { content: reply(language, await guild.act(action, channelId)) };
  if (interaction.type === COMPONENT) return { modal: reportForm(say, channelId, sessionId) };
  const reason = reasonOf(data.components ?? []);
  const request = {
    channelId,
    sessionId,
    userId: member.user.id,
    reason,
    reply: { token: interaction.token, language },
  };
  return { content: reply(language, await guild.report(request)) };
}

function reportForm(
  say: (key: 'report.title' | 'option.reason.about') => string,
  channelId: string,
  sessionId?: string,
) {
  return {
    type: InteractionResponseType.Modal,
    data: {
      custom_id: buttonId('report', channelId, sessionId),
      title: say('report.title'),
      components: [
        {
          type: ComponentType.Label,
          label: say('option.reason.about').slice(0, 45),
          component: {
            type: ComponentType.TextInput,
            custom_id: 'reason',
            style: TextInputStyle.Paragraph,
            min_length: 1,
            max_length: REASON_LENGTH,
            required: true,
          },
        },
      ],
    },
  };
}

function reasonOf(components: NonNullable<PressInteraction['data']['components']>): string {
  const values = components.flatMap(({ component }) =>
    component?.custom_id === 'reason' ? [component.value ?? ''] : [],
  );
  return (values[0] ?? '').slice(0, REASON_LENGTH);
}
