import { actAs, attempt, leaveVoice, openChannel, setVoiceFlags } from '../actions.ts';
import { html } from '../html.ts';
import { guildForm, personForm } from '../overlays/forms.ts';
import { openMenu } from '../overlays/menu.ts';
import { channelName, guildOf, nameOf, voiceOf } from '../state/select.ts';
import { getState, useStore } from '../state/store.ts';
import { toggleListening, toggleMicrophone } from '../voice/sound-switches.ts';
import { Avatar } from './avatar.ts';
import { clipMenu } from './clip-menu.ts';
import { Icon, type IconName } from './icons.ts';

/** The corner of the person that one acts as: who it is, and their voice. */
export function MePanel() {
  const world = useStore((state) => state.world);
  const meId = useStore((state) => state.meId);
  const speaking = useStore((state) => state.meId !== undefined && state.speaking.has(state.meId));
  const voice = voiceOf(world, meId);
  const known = meId !== undefined && world.users.some(({ id }) => id === meId);
  const flags = voice?.state;
  const flag = (name: 'selfMute' | 'selfDeaf') => () =>
    meId !== undefined && attempt(() => setVoiceFlags({ userId: meId, [name]: !flags?.[name] }));
  return html`<div class="me">
    ${known && voice && html`<${VoicePanel} meId=${meId} voice=${voice} />`}
    <div class="me-row">
      <button class="me-name" aria-haspopup="menu" aria-label="Act as somebody else" onClick=${peopleMenu}>
        ${
          known
            ? html`<${Avatar} id=${meId} name=${nameOf(world, meId)} speaking=${speaking} status="on" />
                <span><b class="cut">${nameOf(world, meId, voice?.guild.id)}</b><small>acting as</small></span>`
            : html`<span><b>Nobody</b><small>choose whom to act as</small></span>`
        }
      </button>
      ${sign('Mute', flags?.selfMute ? 'micOff' : 'mic', flags?.selfMute ?? false, flag('selfMute'), !voice)}
      ${sign('Deafen', flags?.selfDeaf ? 'earOff' : 'ear', flags?.selfDeaf ?? false, flag('selfDeaf'), !voice)}
    </div>
  </div>`;
}

function VoicePanel({ meId, voice }: { meId: string; voice: NonNullable<ReturnType<typeof voiceOf>> }) {
  const world = useStore((state) => state.world);
  const sound = useStore((state) => state.sound);
  const { guild, state } = voice;
  const flag = (name: 'selfVideo' | 'selfStream') => () =>
    attempt(() => setVoiceFlags({ userId: meId, [name]: !state[name] }));
  const wide = (label: string, icon: IconName, on: boolean, run: (event: MouseEvent) => unknown, title: string) =>
    html`<button class=${`wide${on ? ' on' : ''}`} title=${title} aria-pressed=${on} onClick=${run}><${Icon} name=${icon} size=${18} /><span>${label}</span></button>`;
  return html`<div class="voice-panel">
    <div class="voice-where">
      <button onClick=${() => openChannel(guild.id, state.channelId)}>
        <b><i></i>Voice connected</b><small class="cut">${channelName(world, state.channelId)} / ${guild.name}</small>
      </button>
      <button class="bare" title="Disconnect" aria-label="Disconnect" onClick=${() => attempt(() => leaveVoice(meId))}><${Icon} name="hangUp" /></button>
    </div>
    <div class="voice-buttons">
      ${wide('Speak', 'mic', sound.microphone, () => attempt(toggleMicrophone), 'Speak with your own microphone')}
      ${wide('Hear', 'ear', sound.listening, () => attempt(toggleListening), 'Hear what this person hears')}
      ${wide('Clip', 'play', false, (event) => clipMenu(event, meId), 'Say a recorded sentence')}
      ${wide('Camera', 'camera', state.selfVideo, flag('selfVideo'), 'Turn the camera flag on or off')}
      ${wide('Stream', 'screen', state.selfStream, flag('selfStream'), 'Turn the stream flag on or off')}
    </div>
  </div>`;
}

function sign(label: string, icon: IconName, on: boolean, run: () => unknown, disabled: boolean) {
  const title = disabled ? `${label} (join a voice channel first)` : label;
  return html`<button class=${`bare sign${on ? ' off' : ''}`} title=${title} aria-label=${label} aria-pressed=${on} disabled=${disabled} onClick=${run}><${Icon} name=${icon} /></button>`;
}

function peopleMenu(event: MouseEvent): void {
  const state = getState();
  const guild = guildOf(state);
  const people = state.world.users.filter(({ bot }) => !bot);
  const here = people.filter(({ id }) => !guild || guild.members.some(({ userId }) => userId === id));
  openMenu(event, 'Act as', [
    ...here.map(({ id, name }) => ({ label: name, checked: id === state.meId, run: () => actAs(id) })),
    guild
      ? { label: 'Create a person…', run: () => personForm(guild) }
      : { label: 'Create a guild first…', run: guildForm },
  ]);
}
