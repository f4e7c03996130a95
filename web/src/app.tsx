import { useEffect, useState } from 'react';
import { GuildPanel } from './guild-panel.tsx';
import { recordingsRoute } from './recordings.ts';
import { RecordingsPage } from './recordings-page.tsx';
import { fetchGuilds, type Guild, SignedOutError, signOut } from './sign-in.ts';
import { SignInNotice } from './sign-in-notice.tsx';

type Page =
  | { kind: 'loading' }
  | { kind: 'signed-out'; why: string }
  | { kind: 'failed'; why: string }
  | { kind: 'ready'; guilds: Guild[] };

const sentenceOf = (error: unknown) => (error instanceof Error ? error.message : 'The server cannot be reached.');

/** Where the address of a page is kept while somebody signs in at Discord, which leads back to the start. */
const KEPT_PAGE = 'patchbay.page';

/** The fragment of the address, as it changes. */
function useHash(): string {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return hash;
}

/** The dashboard: every server that the signed-in user may watch, live. */
export function App() {
  const [page, setPage] = useState<Page>({ kind: 'loading' });
  const recordings = recordingsRoute(useHash());
  useEffect(() => {
    if (recordingsRoute(location.hash)) sessionStorage.setItem(KEPT_PAGE, location.hash);
    fetchGuilds().then(
      (guilds) => {
        const kept = sessionStorage.getItem(KEPT_PAGE);
        sessionStorage.removeItem(KEPT_PAGE);
        if (kept !== null && location.hash === '') location.hash = kept;
        setPage({ kind: 'ready', guilds });
      },
      (error: unknown) =>
        setPage({ kind: error instanceof SignedOutError ? 'signed-out' : 'failed', why: sentenceOf(error) }),
    );
  }, []);
  const leave = () =>
    signOut().then(
      () => setPage({ kind: 'signed-out', why: 'You have signed out.' }),
      (error: unknown) => setPage({ kind: 'failed', why: sentenceOf(error) }),
    );
  return (
    <>
      <header className="top">
        <span className="mark" aria-hidden="true" />
        <h1>Patchbay</h1>
        <p>Voice channels of different servers, patched together.</p>
        {page.kind === 'ready' && (
          <button type="button" className="sign-out" onClick={leave}>
            Sign out
          </button>
        )}
      </header>
      <main>
        {page.kind === 'loading' && <p className="hint">Loading…</p>}
        {page.kind === 'signed-out' && <SignInNotice why={page.why} />}
        {page.kind === 'failed' && (
          <section className="notice" role="alert">
            <h2>Something went wrong</h2>
            <p>{page.why}</p>
            <button type="button" className="button" onClick={() => location.reload()}>
              Try again
            </button>
          </section>
        )}
        {page.kind === 'ready' && recordings && <RecordingsPage {...recordings} />}
        {page.kind === 'ready' && !recordings && (
          <div className="guilds">
            {page.guilds.length === 0 && <p className="hint">The bot is in none of your servers. Invite it first.</p>}
            {page.guilds.map((guild) => (
              <GuildPanel key={guild.id} guildId={guild.id} name={guild.name} />
            ))}
          </div>
        )}
      </main>
    </>
  );
}
