import { render } from 'preact';
import { App } from './app.ts';
import { html } from './html.ts';
import { start } from './state/events.ts';

const place = document.querySelector('#app');
if (!place) throw new Error('the page has no #app');
render(html`<${App} />`, place);
await start();
