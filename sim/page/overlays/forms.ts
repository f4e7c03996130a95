/** The dialogs that make things. */

import type { SnapshotGuild } from '../../src/control/page-operations.ts';
import { actAs, addBot, addMember, createBot, createChannel, createGuild, createPerson } from '../actions.ts';
import { html } from '../html.ts';
import { getState } from '../state/store.ts';
import { Dialog, Field, openDialog, text } from './dialog.ts';

export function guildForm(): void {
  openDialog(html`<${Dialog} title="Create a guild" hint="It begins with a text and a voice channel." submit="Create"
    run=${(form: FormData) => createGuild(text(form, 'name'))}>
    <${Field} label="Guild name" name="name" value="Test guild" />
  <//>`);
}

export function channelForm(guild: SnapshotGuild, kind: 'text' | 'voice'): void {
  openDialog(html`<${Dialog} title="Create a channel" submit="Create channel"
    run=${(form: FormData) => createChannel(guild, String(form.get('kind')), text(form, 'name'))}>
    <fieldset class="choices">
      <legend>Type</legend>
      ${['text', 'voice'].map(
        (each) =>
          html`<label><input type="radio" name="kind" value=${each} defaultChecked=${each === kind} /> ${each === 'text' ? 'Text' : 'Voice'}</label>`,
      )}
    </fieldset>
    <${Field} label="Channel name" name="name" />
  <//>`);
}

/** A new person, or one who exists and is not here yet. */
export function personForm(guild: SnapshotGuild): void {
  const { world } = getState();
  const here = new Set(guild.members.map(({ userId }) => userId));
  const others = world.users.filter(({ id, bot }) => !bot && !here.has(id));
  openDialog(html`<${Dialog} title="Add a person" hint=${`They become a member of ${guild.name}, and you act as them.`} submit="Add"
    run=${async (form: FormData) => {
      const known = String(form.get('known') ?? '');
      if (known === '') return createPerson(guild.id, text(form, 'name'));
      await addMember(guild.id, known);
      return actAs(known);
    }}>
    <${Field} label="Name" name="name" required=${others.length === 0} />
    ${
      others.length > 0 &&
      html`<label class="field"><span>Or somebody of another guild</span>
        <select name="known"><option value="">nobody</option>${others.map(({ id, name }) => html`<option value=${id}>${name}</option>`)}</select>
      </label>`
    }
  <//>`);
}

const permissionNames = [
  ['ViewChannel', true],
  ['SendMessages', true],
  ['EmbedLinks', true],
  ['AttachFiles', true],
  ['ReadMessageHistory', true],
  ['AddReactions', true],
  ['Connect', true],
  ['Speak', true],
  ['UseVAD', true],
  ['ChangeNickname', true],
  ['MoveMembers', false],
  ['MuteMembers', false],
  ['DeafenMembers', false],
  ['ManageMessages', false],
  ['ManageChannels', false],
  ['ManageRoles', false],
  ['ManageNicknames', false],
  ['ViewAuditLog', false],
  ['Administrator', false],
] as const;

export function botForm(guild: SnapshotGuild): void {
  const here = new Set(guild.members.map(({ userId }) => userId));
  const others = getState().world.applications.filter(({ botUserId }) => !here.has(botUserId));
  openDialog(html`<${Dialog} title="Add a bot" hint="As an invitation would: with a role of its own that has these permissions." submit="Add bot"
    run=${async (form: FormData) => {
      const permissions = form.getAll('permission').map(String);
      const known = String(form.get('known') ?? '');
      if (known !== '') return addBot(guild.id, known, permissions);
      const made = await createBot(text(form, 'name'), text(form, 'url'), guild.id, permissions);
      return showToken(text(form, 'name'), made);
    }}>
    ${
      others.length > 0 &&
      html`<label class="field"><span>Application</span>
        <select name="known"><option value="">a new one</option>${others.map(({ botUserId, name }) => html`<option value=${botUserId}>${name}</option>`)}</select>
      </label>`
    }
    <${Field} label="Name of the new application" name="name" required=${others.length === 0} />
    <${Field} label="Interactions URL" name="url" type="url" max=${500} required=${false} hint="Where signed interactions are posted. Empty: they go over the gateway." />
    <fieldset class="choices two"><legend>Permissions</legend>
      ${permissionNames.map(
        ([name, on]) =>
          html`<label><input type="checkbox" name="permission" value=${name} defaultChecked=${on} /> ${name}</label>`,
      )}
    </fieldset>
  <//>`);
}

function showToken(name: string, made: { applicationId: string; botUserId: string; token: string; publicKey: string }) {
  const rows = [
    ['Token', made.token],
    ['Public key', made.publicKey],
    ['Application id', made.applicationId],
  ];
  // After the dialog that made it has closed itself.
  setTimeout(() =>
    openDialog(html`<${Dialog} title=${`${name} is here`} hint="What your bot's settings need. They work in this simulator only." submit="Done" cancel=${false} run=${async () => undefined}>
      ${rows.map(([label, value]) => html`<label class="field"><span>${label}</span><input class="code" readonly value=${value} onFocus=${(event: FocusEvent) => (event.target as HTMLInputElement).select()} /></label>`)}
    <//>`),
  );
}
