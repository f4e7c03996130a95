import { captionsOf, fleetOf } from '../../env.ts';
import { plain } from '../../panel/render.ts';
import { command, ownGuild } from '../command.ts';
import { isTextKey, type TextKey } from '../texts/texts.ts';
import { captionLanguageName } from './languages.ts';
import { channelOption } from './options.ts';

/** `/captions status`: whether a channel is captioned and how that stands, and what is set in this server. */
export const captionsStatus = command({
  key: 'command.captions.status',
  target: true,
  rule: 'captions.status',
  options: [channelOption],
  run: async (context) => {
    const { env, guildId, userId, say, target } = context;
    const { channelId } = target;
    const { settings, ownLanguage, running } = await ownGuild(context).showCaptions(userId, channelId);
    const problem = running ? await captionsOf(env, guildId, channelId).problem() : undefined;
    const able = await fleetOf(env).canCaption(guildId);
    const state = running?.state;
    const key = `captions.state.${state?.state}`;
    const nameOf = (tag: string) => captionLanguageName(context, tag);
    const lines = [
      say(running ? 'captions.on' : 'captions.off', { channel: channelId }),
      ...(able ? [] : [`⚠️ ${say('captions_unavailable')}`]),
      ...(isTextKey(key) && state ? [`${say(key as TextKey)} ${plain(state.message)}`] : []),
      ...(problem === undefined ? [] : [`⚠️ ${say('captions.problem', { problem })}`]),
      say('captions.set', {
        auto: say(settings.auto ? 'state.on' : 'state.off'),
        language: settings.language ? nameOf(settings.language) : say('captions.language.default'),
        keyterms: settings.keyterms.length,
        place: settings.text ? `<#${settings.text}>` : say('captions.own_chat'),
        thread: say(settings.thread ? 'state.on' : 'state.off'),
        prerecorded: say(`prerecorded.${settings.prerecorded}`),
        partners: say(settings.partners ? 'state.on' : 'state.off'),
      }),
      ...(ownLanguage === null ? [] : [say('captions.own_language', { language: nameOf(ownLanguage) })]),
    ];
    return lines.join('\n');
  },
});
