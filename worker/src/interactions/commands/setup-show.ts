import { fleetOf, settingsOf } from '../../env.ts';
import type { RecordRule } from '../../guild/record-policy.ts';
import type { ChannelSettings, StoredSettings } from '../../guild/settings.ts';
import type { SetupReport } from '../../guild/status.ts';
import { type CommandContext, command, ownGuild } from '../command.ts';
import { isTextKey, type TextKey } from '../texts/texts.ts';
import { clip, monitorWords } from '../words.ts';
import { languageName } from './languages.ts';
import { serverName } from './options.ts';

type Shown = { [K in keyof ChannelSettings]?: ChannelSettings[K] | undefined } & Pick<
  StoredSettings,
  'chunkDays' | 'recordingDays' | 'mailTo'
>;

/** When a channel is recorded by itself. */
function ruleWords(say: CommandContext['say'], rule: RecordRule): string {
  if (rule.kind === 'category') return say('show.record_rule.category', { category: rule.categoryId });
  const { channelId: channel } = rule;
  if (rule.kind === 'people') return say('show.record_rule.people', { channel, least: rule.least });
  return rule.kind === 'user'
    ? say('show.record_rule.user', { channel, user: rule.userId })
    : say('show.record_rule.role', { channel, role: rule.roleId });
}

/** What is set, piece by piece, in the reader's language. */
function pieces({ env, say, language }: CommandContext, settings: Shown): string[] {
  const { after, cooldownSeconds, limitSeconds, warnSeconds, region, record, anonymous } = settings;
  const all: (string | false | undefined)[] = [];
  if (settings.pool) all.push(say('show.pool', { pool: `\`${settings.pool}\`` }));
  if (settings.language) all.push(say('show.language', { language: languageName(language, settings.language) }));
  if (region) all.push(say('show.region', { region: say(`region.${region}` as TextKey) }));
  if (settings.priority) all.push(say('show.priority', { priority: settings.priority }));
  if (settings.policy) all.push(say('show.match_policy', { policy: settings.policy }));
  if (settings.matrix) all.push(say('show.matrix', { matrix: settings.matrix }));
  if (settings.seat) all.push(say('show.seat', { seat: settings.seat }));
  if (record) all.push(say('show.record'));
  if (anonymous) all.push(say('show.anonymous'));
  if (after) {
    const pause =
      after === 'cooldown' && cooldownSeconds ? ` (${say('show.minutes', { minutes: cooldownSeconds / 60 })})` : '';
    all.push(say('show.after', { after: say(`after.${after}`) + pause }));
  }
  if (limitSeconds) {
    const warning = warnSeconds ?? settingsOf(env).CALL_WARN_SECONDS;
    all.push(say('show.limit', { seconds: limitSeconds, warning }));
  }
  if (settings.leastPeople && settings.leastPeople > 1) all.push(say('show.people', { people: settings.leastPeople }));
  if (settings.relay) all.push(say('show.relay'));
  for (const rule of settings.recordRules ?? []) all.push(ruleWords(say, rule));
  if (settings.recordLimitSeconds) {
    all.push(say('show.record_limit', { minutes: settings.recordLimitSeconds / 60 }));
  } else if (settings.recordLimitSeconds === 0) all.push(say('show.record_unlimited'));
  if (settings.staffRole) all.push(say('show.staff', { role: settings.staffRole }));
  if (settings.sealReports === false) all.push(say('show.sealing_off'));
  if (settings.recordingDays !== undefined || settings.chunkDays !== undefined) {
    const { RECORDING_RETENTION_DAYS: days, CHUNK_RETENTION_DAYS: chunks } = settingsOf(env);
    const values = { days: settings.recordingDays ?? days, chunks: settings.chunkDays ?? chunks };
    all.push(say('show.retention', values));
  }
  if (settings.mailTo?.length) all.push(say('show.mails', { count: settings.mailTo.length }));
  if (settings.panel) all.push(say('show.panel', { text: settings.panel }));
  return all.filter((piece) => typeof piece === 'string');
}

function lines(context: CommandContext, report: SetupReport): string[] {
  const { say, language } = context;
  const list = new Intl.ListFormat(language, { type: 'conjunction' });
  const { channels, defaults, blocks, identities, pausedUntil } = report;
  const told = [say('show.title'), say('show.identities', { count: identities })];
  if (identities === 0) told.push(say('answer.no_identity_here'));
  if (pausedUntil > 0) told.push(say('show.paused', { until: Math.ceil(pausedUntil / 1000) }));
  const general = pieces(context, defaults);
  if (general.length > 0) told.push(`${say('show.defaults')}: ${general.join(' · ')}`);
  if (blocks.length > 0)
    told.push(say('show.blocked', { servers: list.format(blocks.map(({ name }) => serverName(context, name))) }));
  if (channels.length === 0) told.push(say('show.nothing'));
  for (const channel of channels) {
    const { channelId, settings, configured, ageRestricted, missing } = channel;
    const said = [
      say('show.channel', { channel: channelId, mode: say(`mode.${settings.mode}`) }),
      ...(configured ? [] : [say('show.not_queued')]),
      ...(channel.monitor ? [monitorWords(language, channel.monitor)] : []),
      ...pieces(
        context,
        settings.mode === 'monitor'
          ? { anonymous: settings.anonymous, panel: settings.panel }
          : // They stand among the server's own.
            { ...settings, recordRules: [], staffRole: null },
      ),
      ...(ageRestricted ? [say('show.age')] : []),
    ];
    const names = (missing ?? []).map((name) =>
      isTextKey(`permission.${name}`) ? say(`permission.${name}` as TextKey) : name,
    );
    const lacks = names.length > 0 ? `\n  ${say('show.missing', { permissions: list.format(names) })}` : '';
    told.push(`- ${said.join(' · ')}${lacks}`);
  }
  return told;
}

/** `/setup show`: everything that is set, and what is missing, in one message. */
export const setupShow = command({
  key: 'command.setup.show',
  rule: 'setup',
  run: async (context) => {
    const report = await ownGuild(context).show();
    const wanted = [report.defaults, ...report.channels.map(({ settings }) => settings)].some(({ relay }) => relay);
    const unable = wanted && !(await fleetOf(context.env).canRelay(context.guildId));
    const told = [...lines(context, report), ...(unable ? [`⚠️ ${context.say('relay_unavailable')}`] : [])];
    return clip(told, (count) => context.say('show.more', { count }));
  },
});
