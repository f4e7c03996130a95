import { useEffect, useState } from 'react';
import { GuildPanel } from './guild-panel.tsx';
import { fetchGuilds, type Guild, SignedOutError } from './sign-in.ts';

type Page = { kind: 'loading' } | { kind: 'signed-out'; why: string } | { kind: 'ready'; guilds: Guild[] };

/** The dashboard: every server that the signed-in user may watch, live. */
export function App() {
  const [page, setPage] = useState<Page>({ kind: 'loading' });
  useEffect(() => {
    fetchGuilds().then(
      (guilds) => setPage({ kind: 'ready', guilds }),
      (error: unknown) => {
        const why = error instanceof Error ? error.message : 'The server cannot be reached.';
        setPage({ kind: 'signed-out', why: error instanceof SignedOutError ? why : `Something went wrong: ${why}` });
      },
    );
  }, []);
  return (
    <>
      <header className="top">
        <span className="mark" aria-hidden="true" />
        <h1>Patchbay</h1>
        <p>Voice channels of different servers, patched together.</p>
      </header>
      <main>
        {page.kind === 'loading' && <p className="hint">Loading…</p>}
        {page.kind === 'signed-out' && (
          <section className="notice">
            <h2>You are not signed in</h2>
            <p>{page.why}</p>
            <p>Open the sign-in link that Patchbay printed when it started. It works once and for a few minutes.</p>
          </section>
        )}
        {page.kind === 'ready' && (
          <div className="guilds">
            {page.guilds.map((guild) => (
              <GuildPanel key={guild.id} guildId={guild.id} name={guild.name} />
            ))}
          </div>
        )}
      </main>
    </>
  );
}
