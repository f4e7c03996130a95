/** The page that asks a person. Plain HTML forms: it works without a script, for browsers and for `fetch`. */
import { html } from 'hono/html';
import type { World } from '../../world/world.ts';
import type { AuthorizeRequest } from './request.ts';

/** `action`: the address with its query, which the form posts back to. */
export function authorizePage(world: World, request: AuthorizeRequest, action: string, signedIn: string | undefined) {
  const { application, scopes, bot } = request;
  const people = [...world.users.values()].filter((user) => !user.bot);
  return frame(
    `Authorize ${application.name}`,
    html`<h1>${application.name} wants to access your account</h1>
<form method="post" action="${action}">
<fieldset><legend>Sign in as</legend>
${people.map(({ id, username }) => html`<label><input type="radio" name="user_id" value="${id}" required ${id === signedIn ? 'checked' : ''}> ${username}</label>\n`)}
</fieldset>
${bot ? guildChoice(world, bot.guildId) : ''}
<p>This will allow the developer of ${application.name} to:</p>
<ul>${scopes.map((scope) => html`<li>${scope}</li>`)}</ul>
<button name="decision" value="cancel" formnovalidate>Cancel</button>
<button name="decision" value="authorize">Authorize</button>
</form>`,
  );
}

function guildChoice(world: World, guildId: string | undefined) {
  const guilds = [...world.guilds.values()].filter(({ id }) => guildId === undefined || id === guildId);
  return html`<label>Add to server <select name="guild_id" required>
${guilds.map(({ id, name }) => html`<option value="${id}">${name}</option>\n`)}
</select></label>`;
}

export function messagePage(title: string, text: string) {
  return frame(title, html`<h1>${title}</h1><p>${text}</p>`);
}

function frame(title: string, body: ReturnType<typeof html>) {
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<style>body{font:16px system-ui;max-width:28rem;margin:4rem auto;padding:0 1rem}label{display:block;margin:.3rem 0}</style>
</head><body>
${body}
</body></html>`;
}
