/** A panel as a Discord message with components v2. Pure: the same state gives the same bytes. */
import type { EndReason } from '@patchbay/shared/end-reason';
import { ButtonStyle, ComponentType, MessageFlags } from 'discord-api-types/v10';
import type { PanelLive, PanelPhase, PanelProgress, PanelState } from './state.ts';
import { type PanelTexts, panelTexts } from './texts.ts';

export type PanelAction = 'next' | 'stop' | 'report';

/** What a button of a panel says when it is pressed; under 100 characters. */
export function buttonId(action: PanelAction, channelId: string, sessionId = ''): string {
  return `panel:${action}:${channelId}:${sessionId}`;
}

/** The reverse of {@link buttonId}; undefined for buttons that are no panel's. */
export function readButtonId(
  id: string,
): { action: PanelAction; channelId: string; sessionId: string | undefined } | undefined {
  const [, action, channelId, sessionId] = /^panel:(next|stop|report):(\d{1,20}):([0-9A-Z]{26})?$/.exec(id) ?? [];
  if (action === undefined || channelId === undefined) return undefined;
  return { action: action as PanelAction, channelId, sessionId };
}

const accents: Record<PanelPhase['kind'], number> = {
  waiting: 0xf0b232,
  session: 0x23a55a,
  recording: 0xda373c,
  idle: 0x80848e,
};

export interface PanelMessage {
  flags: number;
  components: unknown[];
  allowed_mentions: { parse: string[] };
}

/**
 * The message as it is posted and edited. Names of other servers and people are shown as text, whatever they hold. `live`
 * counts for its own session alone, while it runs.
 */
export function renderPanel(state: PanelState, live?: PanelLive, progress?: PanelProgress): PanelMessage {
  const texts = panelTexts[state.locale];
  const { title, lines } = describe(state.phase, live, texts);
  const made = progress ? [`💾 ${texts.progress(progress.stage, Math.floor(progress.percent))}`] : [];
  const text = [`### ${title}`, `🔊 ${plain(state.channelName)}`, ...lines, ...made].join('\n');
  const buttons = buttonsOf(state, texts);
  return {
    flags: MessageFlags.IsComponentsV2,
    components: [
      {
        type: ComponentType.Container,
        accent_color: accents[state.phase.kind],
        components: [
          { type: ComponentType.TextDisplay, content: text },
          ...(buttons.length > 0 ? [{ type: ComponentType.ActionRow, components: buttons }] : []),
        ],
      },
    ],
    allowed_mentions: { parse: [] },
  };
}

type SessionPhase = Extract<PanelPhase, { kind: 'session' }>;

function describe(
  phase: PanelPhase,
  live: PanelLive | undefined,
  texts: PanelTexts,
): { title: string; lines: string[] } {
  if (phase.kind === 'waiting') {
    const place = phase.place === undefined ? [] : [texts.place(phase.place)];
    const last = phase.last ? [`-# ${texts.last(lastWords(phase.last, texts))}`] : [];
    const recorded = phase.recording ? [`⏺️ ${texts.recording}`] : [];
    return {
      title: texts.waiting,
      lines: [[texts.since(mark(phase.since)), ...place].join(' · '), ...recorded, ...last],
    };
  }
  if (phase.kind === 'recording') {
    const since = phase.recording ? [texts.since(mark(phase.startedAt))] : [];
    return { title: phase.recording ? `⏺️ ${texts.recordingAlone}` : texts.recordingSoon, lines: since };
  }
  if (phase.kind === 'idle') return { title: texts.ended, lines: [lastWords(phase.last, texts)] };
  return describeCall(phase, live, texts);
}

function describeCall(phase: SessionPhase, live: PanelLive | undefined, texts: PanelTexts) {
  const nameOf = ({ name }: { name?: string | undefined }) => (name === undefined ? texts.anonymous : plain(name));
  const names = phase.partners.map((partner) => {
    const shown = partner.name === undefined ? texts.anonymous : `**${nameOf(partner)}**`;
    return partner.held ? `${shown} (${texts.held})` : shown;
  });
  const running = phase.state === 'active' || phase.state === 'degraded';
  const now = running && live?.sessionId === phase.sessionId ? live : undefined;
  const state = phase.state === 'ended' ? texts.ended : texts.state[phase.state];
  const title = phase.listening && running ? texts.listening : state;
  const facts = [
    texts.started(mark(phase.startedAt)),
    ...(phase.encrypted === undefined ? [] : [phase.encrypted ? `🔒 ${texts.encrypted}` : `🔓 ${texts.notEncrypted}`]),
    ...(now?.delayMs === undefined ? [] : [texts.delay(shownDelay(now.delayMs))]),
  ];
  return {
    title: names.length === 0 ? title : `${title} ${texts.with(names.join(', '))}`,
    lines: [
      ...(phase.held ? [`⏸️ ${texts.onHold}`] : speakers(now, texts)),
      facts.join(' · '),
      ...(phase.recording ? [`⏺️ ${texts.recording}`] : []),
      ...(phase.captions && running ? [`💬 ${texts.captions}`] : []),
      ...(phase.sealable && running ? [`-# ${texts.sealable}`] : []),
      ...(phase.sealedAt === undefined ? [] : [`🔏 ${texts.sealed(mark(phase.sealedAt))}`]),
      ...(phase.monitors.length > 0 ? [`👂 ${texts.monitors(phase.monitors.map(nameOf).join(', '))}`] : []),
    ],
  };
}

function speakers(live: PanelLive | undefined, texts: PanelTexts): string[] {
  if (!live) return [];
  const { speaking, unnamed } = live;
  if (speaking.length + unnamed === 0) return [texts.quiet];
  return [`🗣️ ${texts.speaking(speaking.map(plain).join(', '), unnamed)}`];
}

/** Coarse enough that the picture does not change with every breath of the network. */
function shownDelay(ms: number): number {
  if (ms < 1) return 0;
  return ms < 10 ? Math.round(ms) : Math.round(ms / 5) * 5;
}

function lastWords({ reason, lengthMs }: { reason: EndReason; lengthMs: number }, texts: PanelTexts): string {
  const seconds = Math.round(lengthMs / 1000);
  return `${texts.reason[reason]} ${texts.lasted(Math.floor(seconds / 60), seconds % 60)}`;
}

function buttonsOf({ channelId, phase }: PanelState, texts: PanelTexts): unknown[] {
  const sessionId = phase.kind === 'session' ? phase.sessionId : undefined;
  const button = (action: PanelAction, style: ButtonStyle) => ({
    type: ComponentType.Button,
    style,
    label: texts[action],
    custom_id: buttonId(action, channelId, sessionId),
  });
  if (phase.kind === 'waiting') return [button('stop', ButtonStyle.Secondary)];
  if (phase.kind === 'idle' || phase.kind === 'recording' || phase.state === 'ending') return [];
  return [
    button('next', ButtonStyle.Primary),
    button('stop', ButtonStyle.Secondary),
    button('report', ButtonStyle.Danger),
  ];
}

/** A time that each reader's client shows as "3 minutes ago", so that nothing needs to be edited for it. */
function mark(ms: number): string {
  return `<t:${Math.floor(ms / 1000)}:R>`;
}

/** Text that is not ours, with everything defused that Discord would make something of. */
export function plain(text: string): string {
  return text.replace(/[\\*_~`|>#[\]()<@:-]/g, (character) => `\\${character}`).replaceAll('\n', ' ');
}
